//! A schedule as one page: a slider along it with the source beside, and a table where there is no script, and in
//! print. Nothing is loaded from anywhere.

mod html;
mod listing;

use evidence::{Ended, Place, Played, Waiting};
use serde_json::{Value, json};

use crate::play::{Column, Game, Outcome, Row, columns};
use crate::report::text::clean;
use html::html;
use listing::{line_id, listings};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The page of what has been played, from its first position to its last.
pub fn page(game: &Game<'_>) -> String {
    let (subject, played) = (&game.subject, game.played());
    let title = format!("{}: {}", subject.exercise, subject.test);
    let outcome = game.outcome_of_all();
    let told = outcome.as_ref().map(|outcome| outcome.words(game.is_found())).unwrap_or_default();
    let is_broken = matches!(outcome, Some(Outcome::Broken { .. }));
    let task = subject.task.as_ref().map(|task| {
        format!("<p>This code is given, and it is wrong. The task: {}.</p>", html(task))
    });
    let program = played.program.as_ref().map(|program| {
        format!("<p>Program {} of {}: {}</p>", program.number, program.count, html(&program.calls))
    });
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n\
         <p>It must hold: {expected}.</p>\n{task}{program}\
         <p class=\"outcome {kind}\">{told}</p>\n</header>\n\
         <section id=\"player\" hidden aria-label=\"The schedule, step by step\">\n\
         <div id=\"controls\"><button id=\"back\" type=\"button\" aria-label=\"one step back\">←</button>\
         <input id=\"slider\" type=\"range\" min=\"0\" max=\"{last}\" value=\"0\" aria-label=\"position\">\
         <button id=\"on\" type=\"button\" aria-label=\"one step on\">→</button>\
         <output id=\"where\" for=\"slider\"></output></div>\n<div id=\"threads\" aria-live=\"polite\"></div>\n\
         </section>\n<div id=\"beside\">\n<section id=\"source\" aria-label=\"The source\">\n{listings}</section>\n\
         <section id=\"steps\" aria-label=\"All steps\">\n{table}</section>\n</div>\n\
         <footer><p>The same schedule again:</p><pre>{again}</pre></footer>\n\
         <script type=\"application/json\" id=\"data\">{data}</script>\n<script>\n{SCRIPT}</script>\n\
         </body>\n</html>\n",
        title = html(&title),
        expected = html(played.expected.trim_end_matches('.')),
        task = task.unwrap_or_default(),
        program = program.unwrap_or_default(),
        kind = if is_broken { "broken" } else { "held" },
        told = html(&told),
        last = played.positions.len().saturating_sub(1),
        listings = listings(&game.sources, &places(played)),
        table = table(played),
        again = html(&played.again),
        data = data(played),
    )
}

/// All places that are pointed at.
fn places(played: &Played) -> Vec<Place> {
    let threads = played.positions.iter().flat_map(|position| &position.threads);
    let now = threads.filter_map(|thread| thread.place.clone());
    now.chain(played.steps.iter().map(|step| step.place.clone())).collect()
}

/// A row for each step, a column for each thread.
fn table(played: &Played) -> String {
    let is_seen = |thread: &usize| played.steps.iter().any(|step| step.thread == *thread);
    let threads: Vec<usize> = (0..played.threads.len()).filter(is_seen).collect();
    let heads: String = threads
        .iter()
        .map(|&thread| format!("<th scope=\"col\">{}</th>", html(&played.threads[thread])))
        .collect();
    let mut rows = String::new();
    for (number, step) in (1..).zip(&played.steps) {
        let cells: String = threads
            .iter()
            .map(|&thread| match thread == step.thread {
                true => format!(
                    "<td><a href=\"#{}\">{}</a> {}</td>",
                    line_id(&step.place),
                    html(&step.place.short()),
                    html(&step.text)
                ),
                false => "<td></td>".to_owned(),
            })
            .collect();
        rows.push_str(&format!(
            "<tr id=\"s{number}\"><th scope=\"row\">{number}</th>{cells}</tr>\n"
        ));
    }
    let waiting: String = match &played.ended {
        Some(Ended::Broken { waiting, .. }) => waiting.iter().map(|it| waits(played, it)).collect(),
        _ => String::new(),
    };
    format!(
        "<table>\n<thead><tr><th scope=\"col\">step</th>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n\
         {waiting}"
    )
}

fn waits(played: &Played, waiting: &Waiting) -> String {
    let name = |thread: usize| html(played.threads.get(thread).map_or("?", String::as_str));
    let (who, text) = (name(waiting.thread), html(&waiting.text));
    let why = match waiting.holder {
        Some(holder) => format!("which {} holds", name(holder)),
        None => "and nobody wakes it".to_owned(),
    };
    format!("<p>{who} waits at {}: {text}, {why}.</p>\n", html(&waiting.place.short()))
}

/// The positions for the script.
fn data(played: &Played) -> String {
    let positions: Vec<Value> = played
        .positions
        .iter()
        .map(|position| {
            let threads: Vec<Value> = columns(played, position).iter().map(thread).collect();
            json!({ "steps": position.steps, "threads": threads })
        })
        .collect();
    // In a script element only `<` can mean something to the reader of HTML.
    json!({ "positions": positions }).to_string().replace('<', "\\u003c")
}

fn thread(column: &Column<'_>) -> Value {
    let state = match column.row {
        Row::Next(_) => "ready",
        Row::Waits(_) => "waits",
        Row::Ended => "ended",
    };
    let holds: Vec<String> = column.holds.iter().map(|lock| clean(lock)).collect();
    json!({
        "name": clean(column.name),
        "state": state,
        "text": clean(&column.row.text()),
        "holds": holds,
        "line": column.place.map(line_id),
    })
}
