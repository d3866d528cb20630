//! The source, with an id for each line that is pointed at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use evidence::Place;

use super::html::html;
use crate::play::Sources;

/// Of a test, the lines so near to one that is pointed at.
const NEAR: usize = 3;

/// The id of a line.
pub fn line_id(place: &Place) -> String {
    let name = place.file.file_name().unwrap_or_default().to_string_lossy();
    let safe = name.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' });
    format!("L-{}-{}", safe.collect::<String>(), place.line)
}

/// The files that are pointed at: the learner's whole, of the others what is near.
pub fn listings(sources: &Sources, places: &[Place]) -> String {
    let mut files: BTreeMap<&Path, BTreeSet<usize>> = BTreeMap::new();
    for place in places {
        files.entry(&place.file).or_default().insert(place.line as usize);
    }
    // `src` comes before `tests`.
    files.iter().map(|(file, lines)| listing(sources, file, lines)).collect()
}

fn listing(sources: &Sources, file: &Path, pointed_at: &BTreeSet<usize>) -> String {
    let is_whole = file.components().any(|part| part.as_os_str() == "src");
    let is_near = |number: usize| {
        is_whole || pointed_at.range(number.saturating_sub(NEAR)..=number + NEAR).next().is_some()
    };
    let mut rows = String::new();
    let mut last = 0;
    for (number, text) in (1..).zip(sources.lines(file)) {
        if !is_near(number) {
            continue;
        }
        if number > last + 1 && last > 0 {
            rows.push_str("<li class=\"gap\">…</li>");
        }
        last = number;
        let place = Place { file: file.to_owned(), line: number as u32, column: None };
        let id = line_id(&place);
        let text = html(text);
        rows.push_str(&format!(
            "<li id=\"{id}\"><b class=\"who\"></b><i>{number:>4}</i> <code>{text}</code></li>"
        ));
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    format!("<h2>{}</h2>\n<ol>{rows}</ol>\n", html(&name))
}
