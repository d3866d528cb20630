//! The pages of a class: read by another parser than the one that wrote them, and shown by a browser.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use checker::grade::gradebook::Gradebook;
use checker::grade::scheme::Scheme;
use checker::grade::store::Store;
use checker::report::formats::page::pages;
use html5gum::Tokenizer;
use html5gum::emitters::default::{DefaultEmitter, Token};

use crate::made_class::{HOSTILE, make, workbook};

/// The pages of the made class, as `checker report` writes them.
struct Pages {
    directory: PathBuf,
}

/// Written once for all tests.
static PAGES: LazyLock<Pages> = LazyLock::new(Pages::new);

impl Pages {
    fn new() -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("made_class");
        let _ = fs::remove_dir_all(&directory);
        let (store, out) = (directory.join("results"), directory.join("pages"));
        make(&workbook(), &store);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_checker"))
            .args(["report", store.to_str().unwrap(), "--format", "html"])
            .args(["--output", out.to_str().unwrap()])
            .current_dir(root)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { directory }
    }

    fn index(&self) -> PathBuf {
        self.directory.join("pages/index.html")
    }

    fn students(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.directory.join("pages/students")).unwrap();
        let mut pages: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        pages.sort();
        pages
    }

    fn all(&self) -> Vec<PathBuf> {
        [self.index()].into_iter().chain(self.students()).collect()
    }
}

/// A start tag with its attributes.
type Tag = (String, BTreeMap<String, String>);

/// The tags of a page, and its text by the tag that it stands in.
fn parsed(text: &str) -> (Vec<Tag>, Vec<(String, String)>) {
    let string = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (mut tags, mut texts) = (Vec::<Tag>::new(), Vec::new());
    let mut emitter = DefaultEmitter::default();
    // So that the text of a script is no markup.
    emitter.naively_switch_states(true);
    for token in Tokenizer::new_with_emitter(text, emitter).map(|token| token.unwrap()) {
        match token {
            Token::StartTag(tag) => {
                let attributes = tag.attributes.iter();
                let attributes = attributes.map(|(name, value)| (string(name), string(value)));
                tags.push((string(&tag.name), attributes.collect()));
            }
            Token::String(text) => {
                let within = tags.last().map_or(String::new(), |(name, _)| name.clone());
                texts.push((within, string(&text)));
            }
            Token::Error(error) => panic!("{error:?}"),
            _ => {}
        }
    }
    (tags, texts)
}

#[test]
#[ignore = "for eyes: writes the made class's pages and says where they are"]
fn pages_to_look_at() {
    println!("{}", PAGES.index().display());
}

#[test]
fn nothing_that_a_submission_says_becomes_markup() {
    let pages = &*PAGES;
    for page in pages.all() {
        let text = fs::read_to_string(&page).unwrap();
        let (tags, _) = parsed(&text);
        let scripts = tags.iter().filter(|(name, _)| name == "script").count();
        assert_eq!(scripts, usize::from(page == pages.index()), "{}", page.display());
        for (name, attributes) in &tags {
            let known = [
                "html", "head", "meta", "title", "style", "body", "svg", "symbol", "path", "use",
                "rect", "header", "h1", "h2", "p", "span", "nav", "a", "main", "section", "form",
                "label", "input", "select", "option", "output", "div", "table", "caption", "thead",
                "tbody", "tfoot", "tr", "th", "td", "bdi", "b", "wbr", "details", "summary", "dl",
                "dt", "dd", "ul", "li", "pre", "script",
            ];
            assert!(known.contains(&name.as_str()), "<{name}> in {}", page.display());
            for (attribute, value) in attributes {
                assert!(
                    !attribute.starts_with("on") && attribute != "style",
                    "{attribute}={value}"
                );
                assert!(!matches!(attribute.as_str(), "src" | "action" | "srcdoc"), "{value}");
                if attribute == "href" {
                    let is_ours = |it: char| it.is_ascii_alphanumeric() || "#/._-".contains(it);
                    assert!(value.chars().all(is_ours), "href={value}");
                }
            }
        }
        let is_forbidden = |it: char| {
            (it.is_control() && it != '\n')
                || matches!(it, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert_eq!(text.chars().find(|it| is_forbidden(*it)), None, "{}", page.display());
        // All that is shown of an exercise is bounded, so a page grows with their number only.
        assert!(text.len() < 2 << 20, "{}: {} bytes", page.display(), text.len());
    }
}

#[test]
fn every_student_and_every_exercise_is_there() {
    let pages = &*PAGES;
    let curriculum = workbook().curriculum;
    let (tags, texts) = parsed(&fs::read_to_string(pages.index()).unwrap());
    let keys: Vec<&str> = tags
        .iter()
        .filter_map(|(_, attributes)| attributes.get("data-key"))
        .map(String::as_str)
        .collect();
    let exercises = curriculum.exercises.iter().map(|exercise| exercise.name.as_str());
    let expected: Vec<&str> =
        ["student"].into_iter().chain(exercises).chain(["points", "passed"]).collect();
    assert_eq!(keys, expected);
    let cells =
        tags.iter().filter(|(_, attributes)| attributes.contains_key("data-verdict")).count();
    assert_eq!(cells, 25 * curriculum.exercises.len());
    // What was escaped reads as it was meant, less what would mislead.
    for student in HOSTILE {
        let shown = student
            .replace(['\u{202e}', '\u{202c}'], "\u{fffd}")
            .replace('\u{7}', "␇")
            .replace('\u{1b}', "␛")
            .replace('\n', "␊");
        assert!(texts.contains(&("bdi".to_owned(), shown.clone())), "{shown}");
    }
    let linked: Vec<PathBuf> = tags
        .iter()
        .filter_map(|(_, attributes)| attributes.get("href")?.strip_prefix("students/"))
        .map(|href| pages.index().with_file_name("students").join(href.split('#').next().unwrap()))
        .collect();
    for student in pages.students() {
        assert!(linked.contains(&student), "nothing leads to {}", student.display());
        let (tags, _) = parsed(&fs::read_to_string(&student).unwrap());
        let rows = tags.iter().filter(|(name, attributes)| {
            name == "td" && attributes.get("class").is_some_and(|class| class == "points")
        });
        assert_eq!(rows.count(), curriculum.exercises.len(), "{}", student.display());
    }
    assert!(linked.iter().all(|page| page.is_file()));
    assert_eq!(pages.students().len(), 25);
}

#[test]
fn every_link_within_the_pages_leads_somewhere() {
    let pages = &*PAGES;
    let ids = |page: &Path| -> Vec<String> {
        let (tags, _) = parsed(&fs::read_to_string(page).unwrap());
        tags.into_iter().filter_map(|(_, mut attributes)| attributes.remove("id")).collect()
    };
    let all: BTreeMap<PathBuf, Vec<String>> =
        pages.all().into_iter().map(|page| (page.clone(), ids(&page))).collect();
    for (page, own) in &all {
        assert!(own.iter().collect::<std::collections::BTreeSet<_>>().len() == own.len());
        let (tags, _) = parsed(&fs::read_to_string(page).unwrap());
        for href in tags.iter().filter_map(|(_, attributes)| attributes.get("href")) {
            let (file, place) = href.split_once('#').unwrap_or((href, ""));
            let target = match file {
                "" => page.clone(),
                file => fs::canonicalize(page.parent().unwrap().join(file)).unwrap(),
            };
            let ids = &all[&target];
            assert!(
                place.is_empty() || ids.iter().any(|id| id == place),
                "{href} in {}",
                page.display()
            );
        }
    }
}

#[test]
fn the_same_results_give_the_same_bytes() {
    let pages_of = |directory: &Path| -> Vec<(PathBuf, String)> {
        let workbook = workbook();
        make(&workbook, directory);
        let store = Store::open(directory).unwrap();
        let (stored, results) = (store.submissions().unwrap(), store.results().unwrap());
        let scheme = Scheme::default();
        let gradebook = Gradebook::new(&workbook.curriculum.exercises, &scheme, &stored, &results);
        pages(&workbook.curriculum, &gradebook)
            .into_iter()
            .map(|page| (page.path, page.text))
            .collect()
    };
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert!(pages_of(one.path()) == pages_of(other.path()));
}

#[test]
fn a_long_message_is_cut_and_a_drawing_is_not_broken() {
    let pages = &*PAGES;
    let all: String =
        pages.students().iter().map(|page| fs::read_to_string(page).unwrap()).collect();
    assert!(all.contains("Cut here: the message has "));
    assert!(all.contains(
        "\n───────────────┼────────────────┼───────────────\n:25            │ lock permits   │\n"
    ));
}

/// Chromium, or a reason on standard error why there is no test.
fn chromium() -> Option<Command> {
    let is_there = |name: &&str| {
        let version = Command::new(name).arg("--version").stderr(Stdio::null()).output();
        version.is_ok_and(|output| output.status.success())
    };
    let Some(name) = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(is_there)
    else {
        eprintln!("skipped: there is no chromium to show the page");
        return None;
    };
    let mut command = Command::new(name);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]);
    Some(command)
}

/// The page as it stands after its script has run, at an address of it.
fn dom(mut chromium: Command, page: &Path, fragment: &str) -> String {
    let profile = tempfile::tempdir().unwrap();
    let output = chromium
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg("--dump-dom")
        .arg(format!("file://{}{fragment}", page.display()))
        .stderr(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The students of the rows that can be seen, in their order.
fn visible(dom: &str) -> Vec<String> {
    let body = &dom[dom.find("<tbody>").expect("a matrix")..dom.find("<tfoot>").unwrap()];
    let rows = body.split("<tr").skip(1).filter(|row| !row.starts_with(" hidden"));
    rows.map(|row| row[row.find("<bdi>").unwrap() + 5..row.find("</bdi>").unwrap()].to_owned())
        .collect()
}

/// The points of these rows.
fn points(dom: &str) -> Vec<f64> {
    let body = &dom[dom.find("<tbody>").unwrap()..dom.find("<tfoot>").unwrap()];
    let rows = body.split("<tr").skip(1);
    let sum = |row: &str| {
        let start = row.find("<td class=\"sum\" data-value=\"").unwrap() + 28;
        row[start..].split('"').next().unwrap().parse().unwrap()
    };
    rows.map(sum).collect()
}

#[test]
fn a_browser_sorts_and_filters() {
    if chromium().is_none() {
        return;
    }
    let pages = &*PAGES;
    let show = |fragment: &str| dom(chromium().unwrap(), &pages.index(), fragment);
    let sorted = show("#sort=points&desc");
    assert_eq!(visible(&sorted).len(), 25);
    assert!(points(&sorted).is_sorted_by(|a, b| a >= b), "{:?}", points(&sorted));
    assert!(sorted.contains("aria-sort=\"descending\"") && !sorted.contains("<title>broken"));
    let filtered = show("#filter=JOSE");
    assert_eq!(visible(&filtered), ["José Núñez"]);
    assert!(filtered.contains("1 of 25 students</output>"));
    let forged = show("#verdict=forged");
    assert_eq!(visible(&forged), ["&lt;script&gt;document.title='broken'&lt;/script&gt;"]);
}

#[test]
fn no_request_leaves_even_if_markup_gets_in() {
    if chromium().is_none() {
        return;
    }
    let pages = &*PAGES;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    let text = fs::read_to_string(pages.index()).unwrap();
    let smuggled = format!(
        "<main><img src=\"{url}\"><link rel=stylesheet href=\"{url}\"><iframe src=\"{url}\"></iframe>\
         <script>document.title = 'broken'</script><p style=\"background: url({url})\" id=smuggled>\
         <img src=x onerror=\"document.title = 'broken'\">"
    );
    let page = pages.index().with_file_name("smuggled.html");
    fs::write(&page, text.replacen("<main>", &smuggled, 1)).unwrap();
    let shown = dom(chromium().unwrap(), &page, "#sort=points&desc");
    assert!(shown.contains("id=\"smuggled\"") && shown.contains("aria-sort"), "it was shown");
    assert!(!shown.contains("<title>broken"), "a foreign script has run");
    // The browser may connect ahead of a request that the policy then refuses; nothing is sent.
    while let Ok((mut connection, _)) = listener.accept() {
        let mut sent = String::new();
        connection.read_to_string(&mut sent).unwrap();
        assert_eq!(sent, "", "a request left the page");
    }
}
