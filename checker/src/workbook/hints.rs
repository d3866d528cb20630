//! The hints of an exercise, and which one comes next.
//!
//! `hints.md` has a heading for each: `## 1`, `## 2 (stage 1)`. One with a stage is about that group of the
//! exercise's tests in the curriculum; one without is about the whole.

/// A hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint<'a> {
    /// Its place in the file, from 1.
    pub number: usize,
    /// The stage of the task that it is about, from 1.
    pub stage: Option<usize>,
    /// What it says.
    pub text: &'a str,
    /// What its heading says behind `## `.
    heading: &'a str,
}

/// The hints of a `hints.md`.
pub fn hints(text: &str) -> Vec<Hint<'_>> {
    let mut hints: Vec<Hint<'_>> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("\n## ") {
        let after = &rest[start + 4..];
        let (heading, body) = after.split_once('\n').unwrap_or((after, ""));
        let end = body.find("\n## ").unwrap_or(body.len());
        let number = hints.len() + 1;
        let stage = stage_of(heading);
        hints.push(Hint { number, stage, text: body[..end].trim(), heading });
        rest = &body[end..];
    }
    hints
}

/// `2 (stage 1)`: 1.
fn stage_of(heading: &str) -> Option<usize> {
    let (_, stage) = heading.split_once(" (stage ")?;
    stage.trim_end().strip_suffix(')')?.parse().ok()
}

/// The hint to give next, after the given ones, to somebody whose test of this stage fails: the first one
/// about that stage; without one, the first one.
pub fn next<'a, 'b>(
    hints: &'b [Hint<'a>],
    given: &[usize],
    stage: Option<usize>,
) -> Option<&'b Hint<'a>> {
    let left = || hints.iter().filter(|hint| !given.contains(&hint.number));
    left().find(|hint| stage.is_some() && hint.stage == stage).or_else(|| left().next())
}

/// What is not as it must be with the headings, in an exercise of so many stages.
pub fn problems(hints: &[Hint<'_>], stages: usize) -> Vec<String> {
    let problem = |hint: &Hint<'_>| {
        let (number, heading) = (hint.number, hint.heading.trim_end());
        let right = match hint.stage {
            Some(stage) => format!("{number} (stage {stage})"),
            None => number.to_string(),
        };
        if heading != right {
            return Some(format!("`## {heading}` is hint {number}: write `## {right}`"));
        }
        let stage = hint.stage.filter(|stage| !(1..=stages).contains(stage))?;
        Some(format!("`## {heading}`: there is no stage {stage}, but {stages} groups of tests"))
    };
    hints.iter().filter_map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Hints for x\n\n## 1\n\na\n\n## 2 (stage 1)\n\nb\nc\n\n## 3 (stage 2)\n\nd\n\n\
                        ## 4 (stage 2)\n\ne\n";

    #[test]
    fn each_heading_begins_a_hint() {
        let hints = hints(TEXT);
        let texts: Vec<&str> = hints.iter().map(|hint| hint.text).collect();
        assert_eq!(texts, ["a", "b\nc", "d", "e"]);
        let stages: Vec<Option<usize>> = hints.iter().map(|hint| hint.stage).collect();
        assert_eq!(stages, [None, Some(1), Some(2), Some(2)]);
    }

    #[test]
    fn the_hints_of_the_stage_come_first_and_then_the_others_in_order() {
        let hints = hints(TEXT);
        let in_order = |stage| {
            let mut given = Vec::new();
            while let Some(hint) = next(&hints, &given, stage) {
                given.push(hint.number);
            }
            given
        };
        assert_eq!(in_order(None), [1, 2, 3, 4]);
        assert_eq!(in_order(Some(2)), [3, 4, 1, 2]);
        assert_eq!(in_order(Some(7)), [1, 2, 3, 4]);
    }

    #[test]
    fn a_heading_has_the_number_of_its_hint_and_a_stage_that_there_is() {
        assert_eq!(problems(&hints(TEXT), 2), Vec::<String>::new());
        assert!(problems(&hints(TEXT), 1)[0].contains("there is no stage 2"));
        let found = problems(&hints("# x\n\n## 1\n\na\n\n## 3 (stage one)\n\nb\n"), 1);
        assert_eq!(found, ["`## 3 (stage one)` is hint 2: write `## 2`"]);
    }
}
