//! What is open in a gradebook, in words.

use crate::evidence::Evidence;
use crate::grade::gradebook::Gradebook;
use crate::report::escape;

/// How many results that need a person are named in one message.
const NAMED: usize = 10;

/// What is open and why, in a sentence for each kind.
pub fn what_is_open(gradebook: &Gradebook<'_>) -> Vec<String> {
    let mut all = Vec::new();
    if gradebook.missing() > 0 {
        let (count, are) = match gradebook.missing() {
            1 => ("1 result".to_owned(), "is"),
            count => (format!("{count} results"), "are"),
        };
        all.push(format!(
            "{count} {are} missing; `checker grade` without --only judges what is left"
        ));
    }
    let mut unjudged: Vec<String> = gradebook
        .unjudged()
        .take(NAMED)
        .map(|(line, cell)| {
            let why = cell.result.judgement.evidence.as_ref().map(Evidence::headline);
            let why = escape::line(&escape::cut(&why.unwrap_or_default(), 300));
            let student = escape::line(&line.stored.submission.student);
            format!("\n  {student} {}: {why}", cell.result.exercise)
        })
        .collect();
    let count = gradebook.unjudged().count();
    if count > NAMED {
        unjudged.push(format!("\n  and {} more", count - NAMED));
    }
    if count > 0 {
        let need =
            if count == 1 { "1 result needs".into() } else { format!("{count} results need") };
        all.push(format!(
            "{need} a person: what was handed in cannot be judged as it is, and has no points{}",
            unjudged.concat()
        ));
    }
    all
}
