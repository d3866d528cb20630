//! What an exercise's README says about its claim.

/// The section about the claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimVerdict {
    /// The line of its heading.
    pub line: u32,
    /// Its first sentences, without Markdown.
    pub says: String,
}

/// How many sentences of it are said: `Holds with limits.` and two more.
const SENTENCES: usize = 3;
/// A further sentence that makes it longer than this is left out.
const ENOUGH: usize = 280;

/// The section `## Verdict` of a README.
pub fn claim_verdict(readme: &str) -> Option<ClaimVerdict> {
    let (_, line) = readme.lines().zip(1..).find(|(line, _)| *line == "## Verdict")?;
    let section = readme.lines().skip(line as usize).take_while(|line| !line.starts_with("## "));
    let prose = |line: &&str| !line.trim().is_empty() && !line.starts_with('<');
    let paragraph: Vec<&str> = section.skip_while(|it| !prose(it)).take_while(prose).collect();
    Some(ClaimVerdict { line, says: first_sentences(&without_markdown(&paragraph.join(" "))) })
}

/// The text of links without their targets, and no marks of emphasis.
fn without_markdown(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        plain.push_str(before);
        let Some((words, after)) = link.split_once(']') else {
            rest = link;
            continue;
        };
        plain.push_str(words);
        // `[words](target)`, `[words][reference]`, `[words]`.
        let target = [('(', ')'), ('[', ']')]
            .iter()
            .find_map(|&(open, close)| Some(after.strip_prefix(open)?.split_once(close)?.1));
        rest = target.unwrap_or(after);
    }
    plain.push_str(rest);
    plain.replace("**", "").replace('*', "")
}

fn first_sentences(text: &str) -> String {
    let mut said = String::new();
    for (nth, sentence) in text.split_inclusive(". ").enumerate() {
        let is_too_long = nth > 0 && said.chars().count() + sentence.chars().count() > ENOUGH;
        if nth == SENTENCES || is_too_long {
            break;
        }
        said.push_str(sentence);
    }
    said.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sentences_of_the_section_are_said_without_markdown() {
        let readme = "# A\n\n## Verdict\n\n<details><summary>Open it</summary>\n\n**Half wrong.** Threads \
                      share *much*\n([pthreads(7)](https://a/b)). Not all. And more.\n\nMore.\n";
        let verdict = claim_verdict(readme).unwrap();
        assert_eq!(verdict.line, 3);
        assert_eq!(verdict.says, "Half wrong. Threads share much (pthreads(7)). Not all.");
        assert_eq!(claim_verdict("# A\n"), None);
    }

    #[test]
    fn a_long_sentence_is_left_out_but_not_the_first() {
        let long = "word ".repeat(80);
        assert_eq!(first_sentences(&format!("Holds. {long}.")), "Holds.");
        assert_eq!(first_sentences(&format!("{long}. Holds.")), format!("{long}."));
    }
}
