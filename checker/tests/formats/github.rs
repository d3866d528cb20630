//! GitHub Actions. The log is read by the rules of the runner (actions/runner, ActionCommand.cs), the
//! summary by a parser of Markdown.

use std::collections::BTreeMap;

use checker::report::ci::github;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::fixture::{Class, HOSTILE, assert_harmless, exercises};

/// A command that the runner obeys.
#[derive(Debug, PartialEq)]
struct Command {
    name: String,
    properties: BTreeMap<String, String>,
    data: String,
}

/// What the runner makes of a log: a line that begins with `::`, spaces aside, up to the next `::`; and
/// `##[` anywhere in a line, the older form.
fn obeyed(log: &str) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut token: Option<String> = None;
    for line in log.lines() {
        let Some(command) = command(line) else { continue };
        match &token {
            Some(stopped) if command.name == *stopped => token = None,
            Some(_) => {}
            None if command.name == "stop-commands" => token = Some(command.data),
            None => commands.push(command),
        }
    }
    assert_eq!(token, None, "the runner obeys again in the end");
    commands
}

fn command(line: &str) -> Option<Command> {
    let unescaped = |text: &str, more: &[(&str, &str)]| {
        let text = more.iter().fold(text.to_owned(), |text, (code, sign)| text.replace(code, sign));
        text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    };
    let Some(rest) = line.trim_start().strip_prefix("::") else {
        assert!(!line.contains("##["), "the runner obeys {line}");
        return None;
    };
    let (head, data) = rest.split_once("::")?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let properties = properties.split(',').filter_map(|pair| pair.split_once('='));
    let properties = properties.map(|(key, value)| {
        (key.trim().to_owned(), unescaped(value, &[("%3A", ":"), ("%2C", ",")]))
    });
    let (name, data) = (name.to_owned(), unescaped(data, &[]));
    Some(Command { name, properties: properties.collect(), data })
}

/// The texts of a page of Markdown; no HTML, no link and no picture may be in it.
fn texts(page: &str) -> Vec<String> {
    let mut texts = vec![String::new()];
    for event in Parser::new_ext(page, Options::ENABLE_TABLES) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => panic!("HTML: {html}"),
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => panic!("a link or a picture"),
            Event::Text(text) | Event::Code(text) => texts.last_mut().unwrap().push_str(&text),
            Event::End(TagEnd::TableCell | TagEnd::CodeBlock | TagEnd::Heading(_)) => {
                texts.push(String::new());
            }
            _ => {}
        }
    }
    texts
}

#[test]
fn a_failure_is_annotated_at_its_place_with_its_message() {
    let (exercises, class) = (exercises(), Class::new());
    let sheets = class.sheets(&exercises);
    let commands = obeyed(&github::annotations(&sheets[1..2]));
    let first = &commands[0];
    assert_eq!(first.name, "error");
    assert_eq!(first.properties["file"], "exercises/02_locks/01_mutex/src/lib.rs");
    assert_eq!(first.properties["line"], "25");
    assert_eq!(first.properties["title"], "bob: 2.1 mutex: one_thread_at_a_time");
    assert_eq!(first.data, "expected: one\nseen:     two");
    assert_eq!(commands.len(), 2, "an exercise that is not started is no error: {commands:?}");
}

#[test]
fn what_is_forged_or_does_not_compile_is_annotated_too() {
    let (exercises, class) = (exercises(), Class::new());
    let sheets = class.sheets(&exercises);
    let titles: Vec<String> = obeyed(&github::annotations(&sheets[2..3]))
        .into_iter()
        .map(|command| command.properties["title"].clone())
        .collect();
    assert_eq!(titles, ["eve: 2.1 mutex: does not compile", "eve: 2.2 semaphore: forged"]);
}

#[test]
fn no_more_than_ten_annotations_and_each_exercise_before_any_twice() {
    let (exercises, class) = (exercises(), Class::new());
    let sheets: Vec<_> = (0..9).flat_map(|_| class.sheets(&exercises)).collect();
    let commands = obeyed(&github::annotations(&sheets));
    assert_eq!(commands.len(), github::ANNOTATIONS);
    let places = commands.iter().filter(|it| it.properties.contains_key("file")).count();
    assert_eq!(places, 10, "those with a place come first: {commands:?}");
}

#[test]
fn a_hostile_message_forges_no_command_and_names_no_file_outside() {
    let (exercises, class) = (exercises(), Class::new());
    let sheets = class.sheets(&exercises);
    let text = github::annotations(&sheets[4..5]);
    assert_harmless(&text);
    let commands = obeyed(&text);
    assert_eq!(commands.len(), 4, "{commands:?}");
    for command in &commands {
        assert_eq!(command.name, "error");
        let known = ["col", "file", "line", "title"];
        assert!(command.properties.keys().all(|key| known.contains(&key.as_str())), "{command:?}");
        assert!(!command.properties.get("file").is_some_and(|file| file.contains("etc")));
    }
    let first = commands.iter().find(|it| it.data.contains("=cmd()")).unwrap();
    assert!(first.data.contains("::error::forged\n"), "it is text: {first:?}");
}

#[test]
fn between_stop_and_resume_nothing_is_obeyed() {
    let token = "5ca1ab1e";
    let log = format!(
        "{}{HOSTILE}\n::stop-commands::mine\n::error::x\n::mine::\n{}{}",
        github::stop_commands(token),
        github::resume_commands(token),
        github::error("a,b: c", "d\n::e::f")
    );
    // The older form is obeyed as little; the reader above is for logs without a guard.
    let commands = obeyed(&log.replace("##[", "# # ["));
    assert_eq!(commands.len(), 1, "{commands:?}");
    assert_eq!(commands[0].properties["title"], "a,b: c");
    assert_eq!(commands[0].data, "d\n::e::f");
}

#[test]
fn the_summary_of_one_says_how_each_exercise_stands_and_why() {
    let (exercises, class) = (exercises(), Class::new());
    let sheets = class.sheets(&exercises);
    let page = github::summary("Shopfloor", &sheets[1..2], github::SUMMARY);
    let texts = texts(&page);
    let has = |text: &str| assert!(texts.iter().any(|it| it.trim() == text), "{text}: {texts:?}");
    has("bob, Shopfloor: 0 of 2 pass, 4 of 8 points");
    has("2.1 mutex");
    has("failed: 1 of 4 tests pass");
    has("not started");
    assert!(texts.iter().any(|text| text.contains("expected: one\nseen:     two")), "{texts:?}");
}

#[test]
fn the_summary_of_a_class_is_a_table_that_hostile_names_do_not_break() {
    let (exercises, class) = (exercises(), Class::new());
    let page = github::summary("Shop|floor", &class.sheets(&exercises), github::SUMMARY);
    assert_harmless(&page);
    let cells = Parser::new_ext(&page, Options::ENABLE_TABLES)
        .filter(|event| matches!(event, Event::Start(Tag::TableCell)))
        .count();
    assert_eq!(cells, 4 * (1 + 8), "{page}");
    assert!(texts(&page).iter().any(|text| text.contains("=Zoë \"Zed\", Müller")), "{page}");
}

#[test]
fn a_summary_of_hostile_messages_has_no_html_and_no_link() {
    let (exercises, class) = (exercises(), Class::new());
    let sheets = class.sheets(&exercises);
    let page = github::summary("Shopfloor", &sheets[4..5], github::SUMMARY);
    assert_harmless(&page);
    assert!(texts(&page).iter().any(|text| text.contains("<script>alert(1)")), "{page}");
}

#[test]
fn a_summary_keeps_to_the_limit_and_says_what_is_left_out() {
    let exercises = exercises();
    let endless = Class::endless();
    let page = github::summary("Shopfloor", &endless.sheets(&exercises), github::SUMMARY);
    assert!(page.len() < 20_000, "{}", page.len());
    assert!(github::annotations(&endless.sheets(&exercises)).len() < 20_000);
    let class = Class::new();
    let sheets: Vec<_> = (0..9000).flat_map(|_| class.sheets(&exercises)).collect();
    let page = github::summary("Shopfloor", &sheets, usize::MAX);
    assert!(page.len() <= github::SUMMARY && page.len() > github::SUMMARY / 2);
    assert!(page.contains(" more; the log has them all."));
    for limit in [0, 10, 500, 2000] {
        assert!(github::summary("Shopfloor", &sheets[..1], limit).len() <= limit);
    }
}
