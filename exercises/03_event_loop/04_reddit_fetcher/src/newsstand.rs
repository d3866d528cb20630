//! A small Reddit inside the program: posts that we made, answered in an order that we chose.

use std::io::Write;

use testkit::http::{Answer, InTurn, Server};

/// Score, title, link.
type Posts = [(i64, &'static str, &'static str); 5];

/// In the order of the answers: the last that is asked for is answered first.
const ANSWERS: [(&str, Posts); 3] = [
    (
        "compsci",
        [
            (512, "A queue is a promise to come back", "https://example.org/queue"),
            (207, "Zwölf Wege, ein Schloss zu öffnen", "https://example.org/schloss"),
            (64, "哲学者の食事問題", "https://example.org/philosophers"),
            (8, "P = NP for small values of N", "https://example.org/small"),
            (-1, "Unpopular: clocks prove nothing", "https://example.org/clocks"),
        ],
    ),
    (
        "python",
        [
            (4096, "I waited for three things at once", "https://example.org/three"),
            (300, "What a generator remembers", "https://example.org/generator"),
            (299, "دليل الحلقة", "https://example.org/loop"),
            (12, "This title \u{1b}[31mwants to be red\u{1b}[0m", "https://example.org/red"),
            (0, "Does await wait?", "https://example.org/await"),
        ],
    ),
    (
        "programming",
        [
            (9001, "Half a body is no body", "https://example.org/half"),
            (733, "The server that answered nobody", "https://example.org/gate"),
            (21, "Почему цикл не спит", "https://example.org/sleep"),
            (20, "\u{1f980} and other animals of the deep", "https://example.org/crab"),
            (2, "One thread is plenty (sometimes)", "https://example.org/plenty"),
        ],
    ),
];

/// Opens it. It answers nobody until three requests are in.
pub fn open() -> Server {
    ANSWERS.iter().fold(Server::start().hold_until(ANSWERS.len()), |server, (name, posts)| {
        server.answer(&path(name), Answer::listing(posts)).hold(&path(name))
    })
}

/// An output that lets each answer go when the report of the one before is written.
pub fn in_turn<W: Write>(newsstand: &Server, out: W) -> InTurn<'_, W> {
    let turns = ANSWERS.each_ref().map(|(name, _)| (path(name), format!("DONE: {name}")));
    InTurn::new(newsstand, out, &turns)
}

fn path(name: &str) -> String {
    format!("/r/{name}/top.json")
}
