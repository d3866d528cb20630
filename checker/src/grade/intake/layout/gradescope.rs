//! Gradescope's export: directories `submission_123`, and `submission_metadata.yml`, which says whose they
//! are. A group's submission counts for each of its members.

use saphyr::{LoadableYamlNode, Yaml};

use super::pieces::{Item, Piece, Pieces};
use crate::grade::intake::remark::Remark;

/// The file that says whose the directories are.
pub(super) const METADATA: &str = "submission_metadata.yml";

/// What the metadata says of one directory.
struct Listed {
    directory: String,
    handed_in: Option<String>,
    submitters: Vec<Submitter>,
}

struct Submitter {
    key: String,
    name: Option<String>,
}

/// An error says what is wrong with the metadata.
pub(super) fn recognise(items: &[Item], metadata: &str) -> Result<Pieces, String> {
    let listed = parse(metadata)?;
    let mut pieces = Pieces::default();
    for listed in &listed {
        let item = items.iter().find(|item| item.name == listed.directory);
        for submitter in &listed.submitters {
            let others = listed.submitters.iter().filter(|other| other.key != submitter.key);
            let with: Vec<String> = others.map(|other| other.key.clone()).collect();
            let group = (!with.is_empty()).then_some(Remark::Group { with });
            let piece = Piece {
                student: submitter.key.clone(),
                name: submitter.name.clone(),
                handed_in: listed.handed_in.clone(),
                attempt: listed.handed_in.clone().map(|time| (0, time)),
                remarks: group.into_iter().collect(),
                ..Piece::default()
            };
            match item {
                Some(item) => pieces.found.push((item.clone(), piece)),
                None => pieces.missing.push((listed.directory.clone(), piece)),
            }
        }
    }
    for item in items.iter().filter(|item| item.name != METADATA) {
        if listed.iter().any(|listed| listed.directory == item.name) {
            continue;
        }
        if item.is_directory && item.name.starts_with("submission_") {
            let list = METADATA.to_owned();
            let remarks = vec![Remark::NotListed { list }];
            let piece = Piece { student: item.name.clone(), remarks, ..Piece::default() };
            pieces.found.push((item.clone(), piece));
        } else {
            pieces.rest.push(item.clone())
        }
    }
    Ok(pieces)
}

fn parse(metadata: &str) -> Result<Vec<Listed>, String> {
    let documents = Yaml::load_from_str(metadata).map_err(|error| error.to_string())?;
    let submissions = documents.first().and_then(Yaml::as_mapping);
    let submissions =
        submissions.ok_or_else(|| "expected a mapping with keys like submission_123".to_owned())?;
    let listed = submissions.iter().map(|(directory, listed)| {
        let directory = text(directory).ok_or("a key that is no text")?;
        let submitters = field(listed, "submitters").and_then(Yaml::as_sequence);
        let submitters = submitters.ok_or_else(|| format!("{directory} has no `:submitters:`"))?;
        let submitters = submitters.iter().map(submitter).collect::<Option<Vec<_>>>();
        let submitters = submitters
            .ok_or_else(|| format!("{directory} has a submitter without `:sid:` and `:email:`"))?;
        Ok(Listed { handed_in: field(listed, "created_at").and_then(text), directory, submitters })
    });
    listed.collect()
}

/// The student's id is what gradebooks know; the e-mail address, where the course has none.
fn submitter(submitter: &Yaml<'_>) -> Option<Submitter> {
    let of = |name: &str| field(submitter, name).and_then(text).filter(|it| !it.is_empty());
    let name = of("name");
    let key = of("sid").or_else(|| of("email")).or_else(|| name.clone())?;
    Some(Submitter { key, name })
}

/// Keys are Ruby's symbols: `:sid:`.
fn field<'y>(mapping: &'y Yaml<'_>, name: &str) -> Option<&'y Yaml<'y>> {
    let key = |key: &Yaml<'_>| text(key).is_some_and(|key| key.trim_start_matches(':') == name);
    mapping.as_mapping()?.iter().find(|(it, _)| key(it)).map(|(_, value)| value)
}

fn text(value: &Yaml<'_>) -> Option<String> {
    match value.as_str() {
        Some(text) => Some(text.to_owned()),
        None => value.as_integer().map(|number| number.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::id("{:name: Ada, :sid: '0017', :email: a@b}", "0017")]
    #[case::number("{:name: Ada, :sid: 17, :email: a@b}", "17")]
    #[case::no_id("{:name: Ada, :sid: , :email: a@b}", "a@b")]
    #[case::name_only("{:name: Ada}", "Ada")]
    #[case::without_colons("{name: Ada, sid: s17}", "s17")]
    fn the_key_is_what_gradebooks_know(#[case] submitter: &str, #[case] key: &str) {
        let listed = parse(&format!("submission_1:\n  :submitters:\n  - {submitter}\n")).unwrap();
        assert_eq!(listed[0].submitters[0].key, key);
    }

    #[rstest]
    #[case::no_mapping("- a", "expected a mapping")]
    #[case::no_submitters("submission_1: {}", "submission_1 has no `:submitters:`")]
    #[case::nobody("submission_1:\n  :submitters:\n  - {}", "submission_1 has a submitter without")]
    #[case::no_yaml("submission_1: [}", "")]
    fn a_list_that_is_none_says_why(#[case] text: &str, #[case] why: &str) {
        let problem = parse(text).err().expect("an error");
        assert!(problem.contains(why), "{problem}");
    }
}
