//! What the fetcher promises, easiest first. The server is real, its posts and its faults are made.

use std::future::poll_fn;
use std::io::{self, Write};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use reddit_fetcher::{
    Answer, Ended, FetchError, Listing, MAX_BODY, MAX_REDIRECTS, Post, USER_AGENT, client,
    fetch_all, get_json, get_reddit_top, report, run,
};
use reqwest::Client;
use rstest::rstest;
use testkit::deadline::{DEADLINE, within_limit};
use testkit::http::{self, InTurn, Server};
use testkit::require;

/// Longer than any net: no test of a right solution ends by it.
const PATIENT: Duration = Duration::from_secs(120);

const THREE: [&str; 3] = ["tea", "coffee", "cocoa"];

#[rstest]
#[case::plain(7, "Tea time", "7: Tea time (https://example.org/7)")]
#[case::below_zero(-12, "Cold tea", "-12: Cold tea (https://example.org/-12)")]
#[case::brackets(1, "Tea (green) {0}", "1: Tea (green) {0} (https://example.org/1)")]
#[case::chinese(2, "茶の本", "2: 茶の本 (https://example.org/2)")]
#[case::right_to_left(3, "شاي بالنعناع", "3: شاي بالنعناع (https://example.org/3)")]
#[case::joined_emoji(4, "👩‍🔧 🫖", "4: 👩‍🔧 🫖 (https://example.org/4)")]
#[case::combining(5, "the\u{301}", "5: the\u{301} (https://example.org/5)")]
fn a_post_becomes_a_line(#[case] score: i64, #[case] title: &str, #[case] line: &str) {
    let seen =
        report("tea", &Ok(vec![post(score, title, &format!("https://example.org/{score}"))]));
    let expected = format!("{line}\nDONE: tea\n");
    let likely = if format!("{seen}\n") == expected {
        "the last line has no line feed: lines are joined with it, and none follows the last"
    } else {
        "another order, or characters changed that are no control characters"
    };
    require!(seen == expected,
        expected: "the post as `score: title (link)`, its title untouched, then `DONE: tea`; each line ends\nwith a line feed:\n{expected:?}",
        seen: "{seen:?}",
        likely: "{likely}",
        read: "README, the task",
    );
}

#[test]
fn a_failure_becomes_one_line() {
    let seen = report("tea", &Err(FetchError::Status(404)));
    require!(seen == "FAILED: tea: the server answers with status 404\n",
        expected: "the line `FAILED: tea: the server answers with status 404`",
        seen: "{seen:?}",
        likely: "DONE is printed after a failure too, or the error is printed with Debug",
        read: "README, the task",
    );
}

#[rstest]
#[case::escape_sequence("\u{1b}[31mred\u{1b}[0m tea", r"\u{1b}[31mred\u{1b}[0m tea")]
#[case::window_title("\u{1b}]0;tea\u{7}tea", r"\u{1b}]0;tea\u{7}tea")]
#[case::line_feed("tea\nDONE: coffee", r"tea\nDONE: coffee")]
#[case::carriage_return("tea\rcoffee", r"tea\rcoffee")]
#[case::one_character_escape("\u{9b}2Jtea", r"\u{9b}2Jtea")]
#[case::delete("tea\u{7f}", r"tea\u{7f}")]
#[case::nul("tea\0", r"tea\u{0}")]
fn a_title_cannot_command_the_terminal(#[case] title: &str, #[case] escaped: &str) {
    let seen = report("tea", &Ok(vec![post(1, title, &format!("https://example.org/{title}"))]));
    let lines: Vec<_> = seen.split_terminator('\n').collect();
    let harmless = !lines.iter().any(|line| line.contains(char::is_control));
    require!(harmless && lines.len() == 2 && lines[0].contains("tea"),
        expected: "two lines, for the post and for DONE, in which no character is a control character",
        seen: "{seen:?}",
        likely: "the title or the link is printed as it came from the network",
        read: "README, the task; https://doc.rust-lang.org/std/primitive.char.html#method.is_control",
    );
    let (line, expected) = (lines[0], format!("1: {escaped} (https://example.org/{escaped})"));
    require!(line == expected,
        expected: "each control character as `char::escape_default` writes it:\n{expected}",
        seen: "{line}",
        likely: "control characters are left out, replaced, or written in another way; or other\ncharacters are escaped too",
        read: "README, the task; https://doc.rust-lang.org/std/primitive.char.html#method.escape_default",
    );
}

#[test]
fn every_control_character_is_written_as_promised() {
    // C0, delete and C1: U+0000 to U+001F, U+007F, U+0080 to U+009F.
    let controls: Vec<char> = ('\0'..='\u{ff}').filter(|c| c.is_control()).collect();
    assert_eq!(controls.len(), 65);
    for character in controls {
        let title = format!("a{character}b");
        let seen = report("tea", &Ok(vec![post(1, &title, "L")]));
        let expected = format!("1: a{}b (L)\nDONE: tea\n", character.escape_default());
        let code = u32::from(character);
        let escaped = character.escape_default();
        let line = seen.lines().next().unwrap_or_default();
        require!(seen == expected,
            expected: "U+{code:04X} as `char::escape_default` writes it: {escaped}",
            seen: "{line}",
            likely: "a table of escapes by hand, or `escape_debug`, which writes `\\0`",
            read: "README, the task; https://doc.rust-lang.org/std/primitive.char.html#method.escape_default",
        );
    }
}

#[test]
fn nothing_to_report_is_done() {
    let seen = report("tea", &Ok(Vec::new()));
    require!(seen == "DONE: tea\n",
        expected: "DONE: tea, for an answer without a post, and no other line",
        seen: "{seen:?}",
        likely: "an empty answer is taken for a failure, or the first post for granted",
        read: "the stub",
    );
}

#[test]
fn an_error_cannot_command_the_terminal() {
    let error = FetchError::Connection("no \u{1b}[31mway\nDONE: tea".to_owned());
    let seen = report("tea", &Err(error));
    let expected = r"FAILED: tea: the connection failed: no \u{1b}[31mway\nDONE: tea";
    require!(seen == format!("{expected}\n"),
        expected: "one line, each control character of the error as `char::escape_default` writes it:\n{expected}",
        seen: "{seen}",
        likely: "the control characters of titles and links are looked for, and those of the error are not",
        read: "README, the task; https://doc.rust-lang.org/std/primitive.char.html#method.escape_default",
    );
}

#[test]
fn the_json_of_a_listing_becomes_posts() {
    let server =
        Server::start().answer("/l", http::Answer::listing(&[(3, "T", "L"), (-1, "U", "M")]));
    let posts = on_one_loop(async move || ask(&server, "/l").await);
    let expected = vec![post(3, "T", "L"), post(-1, "U", "M")];
    require!(matches!(&posts, Ok(posts) if *posts == expected),
        expected: "the two posts of the listing, in its order: {expected:?}",
        seen: "{posts:?}",
        likely: "the body is not read to its end, or not decoded",
        read: "hint 2",
    );
}

#[test]
fn the_top_five_of_the_day_are_asked_for_by_name() {
    let server = Arc::new(Server::start().answer("/r/tea/top.json", http::Answer::listing(&[])));
    let answer = on_one_loop({
        let server = Arc::clone(&server);
        async move || get_reddit_top(&patient_client(), &server.base_url(), "tea").await
    });
    let requests = server.requests();
    require!(requests.len() == 1 && requests[0].path == "/r/tea/top.json",
        expected: "one request, for /r/tea/top.json",
        seen: "{requests:?}",
        likely: "the URL is put together in another way than the README says",
        read: "README, the task",
    );
    for (parameter, right) in [("limit", "5"), ("sort", "top"), ("t", "day")] {
        let (seen, query) = (requests[0].parameter(parameter), &requests[0].query);
        require!(seen == Some(right),
            expected: "the query to ask for the five top posts of the day: sort=top, t=day, limit=5",
            seen: "{parameter}={seen:?}, in the query {query:?}",
            likely: "the query of the URL is missing, or not whole; then the site chooses",
            read: "README, the task",
        );
    }
    let name = requests[0].header("User-Agent");
    require!(name == Some(USER_AGENT),
        expected: "the header User-Agent: {USER_AGENT}",
        seen: "{name:?}",
        likely: "the client is built without a user agent; reqwest has none of its own",
        read: "https://docs.rs/reqwest/latest/reqwest/struct.ClientBuilder.html#method.user_agent",
    );
    assert!(matches!(&answer, Ok(posts) if posts.is_empty()), "an empty listing is no error");
}

#[rstest]
#[case::not_found(
    http::Answer::status(404),
    "Status(404)",
    "the body is decoded before the status is looked at"
)]
#[case::out_of_order(
    http::Answer::status(500),
    "Status(500)",
    "the body is decoded before the status is looked at"
)]
#[case::rate_limited(
    http::Answer::rate_limited("7"),
    "RateLimited(Some(7s))",
    "429 is treated as any other status, or its Retry-After is dropped"
)]
#[case::rate_limited_until_a_date(
    http::Answer::rate_limited("Fri, 31 Dec 2100 23:59:59 GMT"),
    "RateLimited(None)",
    "a Retry-After that is no number of seconds is taken for an error of another kind"
)]
#[case::rate_limited_without_a_word(
    http::Answer::status(429),
    "RateLimited(None)",
    "a 429 without Retry-After is taken for an error of another kind"
)]
#[case::truncated(
    http::Answer::truncated(LISTING),
    "Truncated",
    "an error while the body is read is taken for its end"
)]
#[case::reset(http::Answer::reset(), "Connection", "the error of `send` is not passed on")]
#[case::malformed(
    http::Answer::json("{\"data\": ["),
    "Malformed",
    "the error of the decoder is not passed on"
)]
#[case::no_listing(
    http::Answer::json("[]"),
    "Malformed",
    "the error of the decoder is not passed on"
)]
#[case::a_post_without_score(
    http::Answer::json(r#"{"data": {"children": [{"data": {"title": "t", "url": "l"}}]}}"#),
    "Malformed",
    "the missing field is made up"
)]
#[case::an_empty_body(
    http::Answer::json(""),
    "Malformed",
    "an empty body is taken for an empty listing"
)]
#[case::a_choice(
    http::Answer::status(300),
    "Status(300)",
    "`error_for_status` takes 4xx and 5xx for errors, and lets a 3xx pass that is not followed"
)]
#[case::no_utf8(
    http::Answer::json(*b"{\"data\": {\"children\": [{\"data\": {\"score\": 1, \"title\": \"\xff\", \"url\": \"L\"}}]}}"),
    "Malformed",
    "the body is made text first, and what is no UTF-8 is replaced: `text`, `from_utf8_lossy`"
)]
#[case::a_listing_and_more(
    http::Answer::json(format!("{LISTING}<html>")),
    "Malformed",
    "the decoder stops behind the first value (`from_reader` of a stream, a `Deserializer` without `end`), \
     and what follows is not looked at"
)]
fn a_fault_becomes_a_typed_error(
    #[case] fault: http::Answer,
    #[case] expected: &str,
    #[case] likely: &str,
) {
    let server = Arc::new(Server::start().answer("/l", fault));
    let answer = on_one_loop({
        let server = Arc::clone(&server);
        async move || ask(&server, "/l").await
    });
    let seen = kind(&answer);
    require!(seen == expected,
        expected: "FetchError::{expected}",
        seen: "{seen}: {answer:?}",
        likely: "{likely}",
        read: "src/outcome.rs; hint 2",
    );
    let asked = server.requests().len();
    require!(asked == 1,
        expected: "one request: what fails is not asked for again",
        seen: "{asked} requests",
        likely: "a failure is retried; a server that is out of order is asked more often than one that works",
        read: "the stub",
    );
}

/// What a server may say in `Retry-After`, and what of it is a number of seconds.
#[rstest]
#[case::none("0", "Some(0ns)")]
#[case::zeros_before_it("007", "Some(7s)")]
#[case::more_than_32_bits("4294967296", "Some(4294967296s)")]
#[case::the_most("18446744073709551615", "Some(18446744073709551615s)")]
#[case::one_more_than_64_bits("18446744073709551616", "None")]
#[case::forty_digits("1234567890123456789012345678901234567890", "None")]
#[case::below_zero("-1", "None")]
#[case::parts_of_a_second("1.5", "None")]
#[case::a_power("1e30", "None")]
#[case::infinity("inf", "None")]
#[case::no_number("NaN", "None")]
#[case::a_unit("7s", "None")]
#[case::two_numbers("7 8", "None")]
#[case::hexadecimal("0x10", "None")]
#[case::nothing("", "None")]
#[case::no_ascii("sieben später", "None")]
#[case::digits_of_another_script("٧", "None")]
fn a_retry_after_is_a_number_of_seconds_or_nothing(#[case] value: &str, #[case] expected: &str) {
    let server = Server::start().answer("/l", http::Answer::rate_limited(value));
    let (seen, likely) = on_one_loop(async move || {
        let (client, url) = (patient_client(), server.url("/l"));
        let mut asked = pin!(get_json::<Listing>(&client, &url));
        let answer = poll_fn(|context| {
            match catch_unwind(AssertUnwindSafe(|| asked.as_mut().poll(context))) {
                Ok(poll) => poll.map(Some),
                Err(_) => Poll::Ready(None),
            }
        });
        match answer.await {
            Some(answer) => (
                kind(&answer.map(Listing::into_posts)),
                "the header is read as another type than `u64`, or what is no number becomes one",
            ),
            None => (
                "a panic".to_owned(),
                "the header comes from a stranger: `unwrap` of what it may not be, or a `Duration` that does not hold it",
            ),
        }
    });
    let expected = format!("RateLimited({expected})");
    require!(seen == expected,
        expected: "FetchError::{expected} of a status 429 with `Retry-After: {value}`",
        seen: "{seen}",
        likely: "{likely}",
        read: "src/outcome.rs, RateLimited; https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3",
    );
}

#[rstest]
#[case::a_flood(http::Answer::flood(), 404, "Status(404)")]
#[case::half_a_body(http::Answer::truncated("{}"), 503, "Status(503)")]
#[case::half_a_body_of_a_limit(
    http::Answer::truncated("{}").header("Retry-After", "7"),
    429,
    "RateLimited(Some(7s))"
)]
#[case::a_listing(http::Answer::listing(&[]), 500, "Status(500)")]
fn a_refusal_is_told_by_its_status_whatever_its_body(
    #[case] answer: http::Answer,
    #[case] status: u16,
    #[case] expected: &str,
) {
    let server = Server::start().answer("/l", answer.with_status(status));
    let seen = on_one_loop(async move || kind(&ask(&server, "/l").await));
    require!(seen == expected,
        expected: "FetchError::{expected} of a status {status}, whatever its body is",
        seen: "{seen}",
        likely: "the body is read before the status is looked at: a refusal whose body is too long, or cut short, becomes an error of its body",
        read: "src/outcome.rs",
    );
}

#[test]
fn the_base_may_have_a_path_of_its_own() {
    let listing = http::Answer::listing(&[(1, "a mirror", "http://m")]);
    let server = Server::start().answer("/mirror/r/tea/top.json", listing);
    let (seen, asked) = on_one_loop(async move || {
        let answer = get_reddit_top(&patient_client(), &server.url("/mirror"), "tea").await;
        let asked: Vec<String> =
            server.requests().into_iter().map(|request| request.path).collect();
        (kind(&answer), asked.join(", "))
    });
    require!(seen == "Ok",
        expected: "a base URL that ends in /mirror to be asked for /mirror/r/tea/top.json",
        seen: "{seen}, asked for: {asked}",
        likely: "`Url::join` with a path that begins with `/` replaces the path of the base",
        read: "README, the task: BASE/r/NAME/top.json",
    );
}

#[test]
fn nobody_at_home_is_a_typed_error() {
    // The local end of a connection: its port is taken, and nobody listens there.
    let server = Server::start();
    let taken = TcpStream::connect(server.base_url().trim_start_matches("http://")).unwrap();
    let url = format!("http://{}/l", taken.local_addr().unwrap());
    let answer = on_one_loop(async move || {
        get_json::<Listing>(&patient_client(), &url).await.map(Listing::into_posts)
    });
    assert_eq!(kind(&answer), "Connection");
}

#[test]
fn a_redirect_is_followed() {
    let server = Server::start()
        .answer("/old", http::Answer::redirect("/new"))
        .answer("/new", http::Answer::listing(&[(1, "moved", "L")]));
    let answer = on_one_loop(async move || ask(&server, "/old").await);
    require!(matches!(&answer, Ok(posts) if *posts == [post(1, "moved", "L")]),
        expected: "the listing to which /old redirects",
        seen: "{answer:?}",
        likely: "a redirect policy that follows none",
        read: "https://docs.rs/reqwest/latest/reqwest/redirect/index.html",
    );
}

#[test]
fn a_redirect_in_a_circle_ends() {
    let server = Arc::new(
        Server::start()
            .answer("/a", http::Answer::redirect("/b"))
            .answer("/b", http::Answer::redirect("/a")),
    );
    let answer = on_one_loop({
        let server = Arc::clone(&server);
        async move || ask(&server, "/a").await
    });
    let (seen, asked) = (kind(&answer), server.requests().len());
    let most = MAX_REDIRECTS + 1;
    require!(seen == "TooManyRedirects" && asked <= most,
        expected: "FetchError::TooManyRedirects after at most {most} requests: the first, and {MAX_REDIRECTS} redirects",
        seen: "{seen} after {asked} requests: {answer:?}",
        likely: "the redirect policy of the client is not set: reqwest's own follows ten; or one that\nhas no bound, or follows none",
        read: "https://docs.rs/reqwest/latest/reqwest/redirect/index.html",
    );
}

/// `PORT` is that of the server that redirects, `OTHER` that of another one.
#[rstest]
#[case::to_a_path("/new")]
#[case::to_a_path_beside_it("new?page=1")]
#[case::to_the_same_host("http://first.test:PORT/new")]
#[case::to_another_port("http://first.test:OTHER/new")]
#[case::to_another_host("http://second.test:PORT/new")]
#[case::to_another_host_and_port("http://second.test:OTHER/new")]
#[case::to_another_host_of_the_same_scheme("//second.test:OTHER/new")]
#[case::to_an_address("http://127.0.0.1:OTHER/new")]
fn a_redirect_may_lead_anywhere(#[case] to: &str) {
    for status in [301, 302, 303, 307, 308] {
        let (to, answer) = redirected(status, to);
        require!(matches!(&answer, Ok(posts) if *posts == [post(1, "moved", "L")]),
            expected: "the listing to which http://first.test/old redirects, with status {status}: {to}",
            seen: "{answer:?}",
            likely: "a policy of its own that follows some redirects only: of the same host, of some statuses",
            read: "README, the task; https://docs.rs/reqwest/latest/reqwest/redirect/index.html",
        );
    }
}

/// What asking comes to when a server says with this status that the listing is there; and where that is, exactly.
fn redirected(status: u16, to: &str) -> (String, Answer) {
    let moved = http::Answer::listing(&[(1, "moved", "L")]);
    let [server, other] = [(); 2].map(|()| Server::start().answer("/new", moved.clone()));
    let [port, other_port] = [&server, &other].map(|server| {
        let url = server.base_url();
        url.rsplit(':').next().expect("a URL with a port").to_owned()
    });
    let to = to.replace("PORT", &port).replace("OTHER", &other_port);
    let server = server.answer("/old", http::Answer::status(status).header("Location", &to));
    let answer = on_one_loop(async move || {
        let _answers = (&server, &other);
        // Names that no other resolver is asked for; the port in the URL counts, not this one.
        let here = ([127, 0, 0, 1], 0).into();
        let builder = ["first.test", "second.test"]
            .into_iter()
            .fold(no_proxy(), |builder, name| builder.resolve(name, here));
        let client = client(builder, PATIENT).expect("a client for plain HTTP");
        let url = format!("http://first.test:{port}/old");
        get_json::<Listing>(&client, &url).await.map(Listing::into_posts)
    });
    (to, answer)
}

#[rstest]
#[case::as_many_as_are_followed(MAX_REDIRECTS, "Ok")]
#[case::one_more(MAX_REDIRECTS + 1, "TooManyRedirects")]
fn redirects_are_followed_up_to_the_limit(#[case] redirects: usize, #[case] expected: &str) {
    let chain = (0..redirects).fold(Server::start(), |server, step| {
        let next = http::Answer::redirect(&format!("/{}", step + 1));
        server.answer(&format!("/{step}"), next)
    });
    let server =
        Arc::new(chain.answer(&format!("/{redirects}"), http::Answer::listing(&[(1, "T", "L")])));
    let answer = on_one_loop({
        let server = Arc::clone(&server);
        async move || ask(&server, "/0").await
    });
    let (seen, asked) = (kind(&answer), server.requests().len());
    let requests = MAX_REDIRECTS + 1;
    require!(seen == expected && asked == requests,
        expected: "{expected} of a listing behind {redirects} redirects, after {requests} requests",
        seen: "{seen} after {asked} requests",
        likely: "the bound is off by one: the first request is none of the redirects",
        read: "README, the task; https://docs.rs/reqwest/latest/reqwest/redirect/index.html",
    );
}

#[rstest]
#[case::as_long_as_allowed(MAX_BODY, "Ok")]
#[case::a_byte_too_long(MAX_BODY + 1, "TooLarge")]
fn a_large_page_is_read_up_to_the_limit(#[case] size: usize, #[case] expected: &str) {
    let mut page = LISTING.as_bytes().to_vec();
    page.resize(size, b' ');
    let server = Server::start().answer("/l", http::Answer::json(page));
    let answer = on_one_loop(async move || ask(&server, "/l").await);
    let seen = kind(&answer);
    require!(seen == expected,
        expected: "a body of {size} bytes, with at most {MAX_BODY} allowed, to be {expected}",
        seen: "{seen}",
        likely: "the comparison with MAX_BODY is off, or there is none",
        read: "README, the task",
    );
}

#[test]
fn a_flood_is_not_kept() {
    let server = Arc::new(Server::start().answer("/l", http::Answer::flood()));
    let seen = on_one_loop({
        let server = Arc::clone(&server);
        async move || kind(&ask(&server, "/l").await)
    });
    require!(seen == "TooLarge",
        expected: "FetchError::TooLarge as soon as more than MAX_BODY bytes have come",
        seen: "{seen}, after 64 MiB",
        likely: "the whole body is read first (`bytes`, `text`, `json`) and measured then, or only\na Content-Length is measured: this answer has none",
        read: "https://docs.rs/reqwest/latest/reqwest/struct.Response.html#method.chunk",
    );
}

#[test]
fn a_trickle_runs_into_the_time_limit() {
    let server = Arc::new(Server::start().answer("/l", http::Answer::trickle()));
    let (seen, closed) = on_one_loop({
        let server = Arc::clone(&server);
        async move || {
            // The answer never ends, so every limit is too short for it: nothing depends on this one.
            let client = client(no_proxy(), Duration::from_millis(300)).unwrap();
            let url = server.url("/l");
            let asked = get_json::<Listing>(&client, &url);
            // A request without any limit ends here instead of never.
            let answer = match tokio::time::timeout(DEADLINE, asked).await {
                Ok(answer) => kind(&answer.map(Listing::into_posts)),
                Err(_) => "nothing".to_owned(),
            };
            // The loop goes on, and the client is still there.
            let closed = on_the_side(move || server.wait_for_given_up(1)).await;
            drop(client);
            (answer, closed)
        }
    });
    require!(seen == "TimedOut",
        expected: "FetchError::TimedOut: a body that comes byte by byte never ends",
        seen: "{seen}",
        likely: "the limit holds for the connection or for each read, not for the whole request",
        read: "https://docs.rs/reqwest/latest/reqwest/struct.ClientBuilder.html#method.timeout",
    );
    require!(closed == 1,
        expected: "the connection of the request to be closed when its time is up",
        seen: "it is open, and the server still sends to it",
        likely: "the request runs in a task of its own: a timeout on a JoinHandle ends the waiting,\nnot the task",
        read: "https://docs.rs/tokio/latest/tokio/task/struct.JoinHandle.html",
    );
}

/// Limits from the shortest to the longest; a second for a request is no part of this.
#[rstest]
#[case::none_at_all(Duration::ZERO, "TimedOut")]
#[case::a_nanosecond(Duration::from_nanos(1), "TimedOut")]
#[case::four_hundred_years(Duration::from_secs(400 * 365 * 24 * 3600), "Ok")]
#[case::the_longest(Duration::MAX, "Ok")]
fn a_limit_may_be_any(#[case] limit: Duration, #[case] expected: &str) {
    let mut server = Server::start().answer("/l", http::Answer::json(LISTING));
    if expected == "TimedOut" {
        server = server.hold("/l");
    }
    let seen = on_one_loop(async move || {
        let Ok(client) = client(no_proxy(), limit) else { return "no client".to_owned() };
        let url = server.url("/l");
        let asked = get_json::<Listing>(&client, &url);
        kind(&asked.await.map(Listing::into_posts))
    });
    let server = if expected == "Ok" { "answers" } else { "does not answer" };
    require!(seen == expected,
        expected: "{expected} with a limit of {limit:?}, from a server that {server}",
        seen: "{seen}",
        likely: "the limit is computed with: a multiplication or a conversion to fewer bits changes it",
        read: "the stub; https://docs.rs/reqwest/latest/reqwest/struct.ClientBuilder.html#method.timeout",
    );
}

#[test]
fn a_short_limit_ends_before_a_long_one_that_began_earlier() {
    const SHORT: Duration = Duration::from_millis(200);
    let server = Server::start().hold("/l");
    let (first, after) = on_one_loop(async move || {
        let [long, short] = [PATIENT, SHORT].map(|limit| client(no_proxy(), limit).unwrap());
        let url = server.url("/l");
        let begun = Instant::now();
        let long = get_json::<Listing>(&long, &url);
        let short = get_json::<Listing>(&short, &url);
        tokio::select! {
            biased;
            answer = long => (format!("the long one: {}", kind(&answer.map(Listing::into_posts))), begun.elapsed()),
            answer = short => (kind(&answer.map(Listing::into_posts)), begun.elapsed()),
        }
    });
    require!(first == "TimedOut" && after >= SHORT,
        expected: "the request with a limit of {SHORT:?} to be given up after {SHORT:?} at the earliest, and the\none with {PATIENT:?} to go on",
        seen: "{first}, after {after:?}",
        likely: "a limit of the code's own in place of the one that it is given",
        read: "the stub",
    );
}

#[test]
fn three_hundred_are_asked_at_once() {
    // More than any bound that somebody would choose, and a descriptor at each end fits into 1,024.
    let names: Vec<String> = (0..300).map(|number| format!("tea_{number}")).collect();
    let server = names.iter().fold(Server::start().hold_until(names.len()), |server, name| {
        server.answer(&path(name), http::Answer::listing(&[]))
    });
    let server = Arc::new(server);
    let text = on_one_loop({
        let (server, names) = (Arc::clone(&server), names.clone());
        async move || {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let mut out = Vec::new();
            fetch_all(&patient_client(), &server.base_url(), &names, &mut out).await.unwrap();
            String::from_utf8(out).unwrap()
        }
    });
    let together = server.in_before_first_answer();
    require!(together == names.len(),
        expected: "300 requests to be in before the first is answered",
        seen: "{together} in, and no other: the next came only after an answer",
        likely: "a bound on how many are asked at once: `buffer_unordered`, a semaphore, a pool",
        read: "the stub",
    );
    let mut expected: Vec<String> = names.iter().map(|name| format!("DONE: {name}")).collect();
    expected.sort_unstable();
    let seen = sorted(&text);
    let (lines, told) = (seen.len(), seen.iter().filter(|line| expected.contains(line)).count());
    require!(seen == expected,
        expected: "a line DONE for each of 300",
        seen: "{told} lines DONE among {lines}",
        likely: "an answer is dropped or written twice",
        read: "hint 3",
    );
}

#[test]
fn a_name_that_is_there_twice_is_asked_for_twice() {
    let server = Arc::new(three_answers());
    let text = on_one_loop({
        let server = Arc::clone(&server);
        async move || {
            let (client, mut out) = (patient_client(), Vec::new());
            let names = ["tea", "cocoa", "tea"];
            fetch_all(&client, &server.base_url(), &names, &mut out).await.unwrap();
            String::from_utf8(out).unwrap()
        }
    });
    let (reports, asked) = (text.matches("DONE: tea\n").count(), server.requests().len());
    require!(reports == 2 && asked == 3,
        expected: "three requests and two reports of tea for the list tea, cocoa, tea",
        seen: "{asked} requests, {reports} reports of tea",
        likely: "the answers or the requests are kept in a map by name",
        read: "the stub",
    );
}

#[test]
fn all_requests_are_in_before_the_first_answer() {
    let server = Arc::new(three_answers().hold_until(3));
    let text = on_one_loop({
        let server = Arc::clone(&server);
        async move || {
            let mut out = Vec::new();
            fetch_all(&patient_client(), &server.base_url(), &THREE, &mut out).await.unwrap();
            String::from_utf8(out).unwrap()
        }
    });
    let (together, seconds) = (server.in_before_first_answer(), DEADLINE.as_secs());
    require!(together == 3,
        expected: "three requests to be in before the first is answered",
        seen: "{together} in, and for {seconds} s no other: the next came only after an answer\n{text}",
        likely: "the tasks are awaited one after the other: `await` in a loop waits in every round",
        read: "hint 3; https://docs.rs/futures-util/latest/futures_util/stream/struct.FuturesUnordered.html",
    );
    let (seen, expected) = (sorted(&text), sorted(&THREE.map(block).concat()));
    require!(seen == expected,
        expected: "a report of each subreddit:\n{expected:#?}",
        seen: "{seen:#?}",
        likely: "an answer is dropped or written twice",
        read: "hint 3",
    );
}

#[test]
fn a_report_is_written_when_its_answer_comes() {
    let order = ["cocoa", "tea", "coffee"];
    let server =
        Arc::new(THREE.iter().fold(three_answers(), |server, name| server.hold(&path(name))));
    let text = on_one_loop({
        let server = Arc::clone(&server);
        async move || {
            let turns = order.map(|name| (path(name), format!("DONE: {name}")));
            let mut out = InTurn::new(&server, Vec::new(), &turns);
            fetch_all(&patient_client(), &server.base_url(), &THREE, &mut out).await.unwrap();
            String::from_utf8(out.into_inner()).unwrap()
        }
    });
    let expected = order.map(block).concat();
    require!(text == expected,
        expected: "the reports in the order of the answers, each whole:\n{expected}",
        seen: "{text}",
        likely: "all answers are awaited before the first is written, or written in the order of asking",
        read: "hint 3; https://docs.rs/futures-util/latest/futures_util/stream/trait.StreamExt.html#method.next",
    );
}

#[test]
fn a_report_is_flushed_before_the_next() {
    let server = three_answers();
    let out = on_one_loop(async move || {
        let mut out = Outbox::default();
        fetch_all(&patient_client(), &server.base_url(), &THREE, &mut out).await.unwrap();
        out
    });
    let (kept, late) = (out.text.len() - out.flushed, out.late);
    require!(kept == 0 && !late,
        expected: "each report to be flushed when it is written, before the next one and at the end",
        seen: "{kept} bytes not flushed at the end; a report written after one that was not flushed: {late}",
        likely: "`write_all` alone: a writer with a buffer keeps the report until it is flushed",
        read: "README, the task; https://doc.rust-lang.org/std/io/trait.Write.html#tymethod.flush",
    );
}

/// An output on its worst day: it takes a byte at a time, and every other call is interrupted.
#[derive(Default)]
struct Trickle {
    text: Vec<u8>,
    calls: usize,
}

impl Write for Trickle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.calls.is_multiple_of(2) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let taken = &bytes[..bytes.len().min(1)];
        self.text.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_output_may_take_a_byte_at_a_time() {
    let server = three_answers();
    let (fetched, out) = on_one_loop(async move || {
        let mut out = Trickle::default();
        let fetched = fetch_all(&patient_client(), &server.base_url(), &THREE, &mut out).await;
        (fetched.map_err(|error| error.kind()), out)
    });
    let text = String::from_utf8_lossy(&out.text).into_owned();
    let whole = THREE.iter().all(|name| text.contains(&block(name)));
    require!(fetched.is_ok() && whole,
        expected: "three whole reports in an output that takes a byte at a time, with interruptions",
        seen: "{fetched:?}, and\n{text}",
        likely: "`write` is called once: it may take a part, or be interrupted; `write_all` goes on",
        read: "https://doc.rust-lang.org/std/io/trait.Write.html#tymethod.write",
    );
}

#[rstest]
#[case::when_written(Outbox { refuses_writes: true, ..Outbox::default() })]
#[case::when_flushed(Outbox { refuses_flushes: true, ..Outbox::default() })]
fn an_error_of_the_output_is_returned(#[case] out: Outbox) {
    let server = three_answers();
    let (by_fetch_all, by_run) = on_one_loop(async move || {
        let (base_url, client, never) =
            (server.base_url(), patient_client(), std::future::pending());
        let by_fetch_all = fetch_all(&client, &base_url, &THREE, &mut out.clone()).await;
        (by_fetch_all, run(client, &base_url, &THREE, &mut out.clone(), never).await)
    });
    require!(by_fetch_all.is_err() && by_run.is_err(),
        expected: "`fetch_all` and `run` to return the error of an output that takes nothing",
        seen: "{by_fetch_all:?} and {by_run:?}",
        likely: "the result of `write_all` or of `flush` is dropped (`let _ =`), so a full disk looks like success",
        read: "README, the task; hint 3",
    );
}

#[test]
fn nothing_to_ask_for_is_done_at_once() {
    let server = Server::start();
    let (ended, text) = on_one_loop(async move || {
        let (mut out, never) = (Vec::new(), std::future::pending());
        let base_url = server.base_url();
        let ended = {
            let mut run = pin!(run(patient_client(), &base_url, &[], &mut out, never));
            poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(context))) {
                Ok(poll) => poll.map(|ended| ended.map_err(|_| "an error")),
                Err(_) => Poll::Ready(Err("a panic")),
            })
            .await
        };
        (ended, out)
    });
    require!(ended == Ok(Ended::Done) && text.is_empty(),
        expected: "Ended::Done and no output for a list of no subreddits",
        seen: "{ended:?} and {text:?}",
        likely: "something that wants at least one future is called before the list is looked at:\n`select_all` panics without one",
        read: "hint 3; https://docs.rs/futures-util/latest/futures_util/future/fn.select_all.html",
    );
}

#[rstest]
#[case::not_found(http::Answer::status(404))]
#[case::rate_limited(http::Answer::rate_limited("60"))]
#[case::truncated(http::Answer::truncated(LISTING))]
#[case::reset(http::Answer::reset())]
#[case::malformed(http::Answer::json("<html>"))]
#[case::circle(http::Answer::redirect("/r/coffee/top.json"))]
#[case::flood(http::Answer::flood())]
fn one_failure_leaves_the_others(#[case] fault: http::Answer) {
    // The other two are answered only after the failure is written.
    let server =
        three_answers().answer(&path("coffee"), fault).hold(&path("tea")).hold(&path("cocoa"));
    let text = on_one_loop(async move || {
        let turns = [("coffee", "FAILED: coffee"), ("tea", "DONE: tea"), ("cocoa", "DONE: cocoa")]
            .map(|(name, mark)| (path(name), mark.to_owned()));
        let mut out = InTurn::new(&server, Vec::new(), &turns);
        let written = fetch_all(&patient_client(), &server.base_url(), &THREE, &mut out).await;
        assert!(written.is_ok(), "what fails is a subreddit, not the writing: {written:?}");
        String::from_utf8(out.into_inner()).unwrap()
    });
    let whole = text.contains(&block("tea")) && text.contains(&block("cocoa"));
    let told = text.lines().filter(|line| line.starts_with("FAILED: coffee: ")).count();
    require!(whole && told == 1 && text.lines().count() == 7,
        expected: "one line `FAILED: coffee: ...`, and the reports of tea and cocoa whole",
        seen: "{text}",
        likely: "`?` on one answer ends the function, and drops the requests of the others",
        read: "hint 3",
    );
}

#[test]
fn a_trickle_leaves_the_others() {
    // A machine that is so busy that the good answers are late too gets more time.
    let mut text = String::new();
    for limit in [1, 4, 16].map(Duration::from_secs) {
        let server = three_answers().answer(&path("coffee"), http::Answer::trickle());
        text = on_one_loop(async move || {
            let client = client(no_proxy(), limit).unwrap();
            let (base_url, mut out) = (server.base_url(), Vec::new());
            let asked = fetch_all(&client, &base_url, &THREE, &mut out);
            let _ = tokio::time::timeout(limit + DEADLINE / 2, asked).await;
            String::from_utf8(out).unwrap()
        });
        if ["tea", "cocoa"].iter().all(|name| text.contains(&block(name))) {
            break;
        }
    }
    let whole = text.contains(&block("tea")) && text.contains(&block("cocoa"));
    require!(whole && text.contains("FAILED: coffee: no whole answer in time\n"),
        expected: "the reports of tea and cocoa, and `FAILED: coffee: no whole answer in time`",
        seen: "{text}",
        likely: "no limit for a whole request, or one limit around all three together",
        read: "hint 2; hint 3",
    );
}

#[test]
fn a_run_ends_when_all_is_done() {
    let server = three_answers();
    let (ended, text) = on_one_loop(async move || {
        let mut out = Vec::new();
        let never = std::future::pending();
        let ended = run(patient_client(), &server.base_url(), &THREE, &mut out, never).await;
        (ended.unwrap(), String::from_utf8(out).unwrap())
    });
    let (seen, expected) = (sorted(&text), sorted(&THREE.map(block).concat()));
    require!(ended == Ended::Done && seen == expected,
        expected: "Ended::Done and three reports, although `stop` is never ready",
        seen: "Ended::{ended:?} and\n{text}",
        likely: "`run` waits for `stop` in any case, or does not call `fetch_all`",
        read: "hint 4",
    );
}

#[test]
fn a_stop_gives_up_what_is_in_flight() {
    let server = Arc::new(three_answers().hold_until(4));
    let (ended, text, closed) = on_one_loop({
        let server = Arc::clone(&server);
        async move || {
            let mut out = Vec::new();
            let all_in = on_the_side({
                let server = Arc::clone(&server);
                move || server.wait_for_requests(3)
            });
            let stop = async {
                all_in.await;
            };
            let ended = run(patient_client(), &server.base_url(), &THREE, &mut out, stop).await;
            // The loop goes on: what still runs on it, still runs.
            let closed = on_the_side(move || server.wait_for_given_up(3)).await;
            (ended.unwrap(), String::from_utf8(out).unwrap(), closed)
        }
    });
    require!(ended == Ended::Stopped && text.is_empty(),
        expected: "Ended::Stopped, and nothing written: the server had answered nobody",
        seen: "Ended::{ended:?} and\n{text:?}",
        likely: "`stop` is looked at only when all is fetched",
        read: "hint 4; https://docs.rs/tokio/latest/tokio/macro.select.html",
    );
    require!(closed == 3,
        expected: "the three connections to be closed when `run` returns",
        seen: "{closed} of 3 closed: the requests go on although nothing waits for them",
        likely: "tasks made by tokio::spawn go on when their JoinHandle is dropped; a future that is\ndropped, or a JoinSet, takes its requests along",
        read: "hint 4; https://docs.rs/tokio/latest/tokio/task/struct.JoinHandle.html",
    );
}

/// A listing that is in order, in Reddit's shape.
const LISTING: &str = r#"{"kind": "Listing", "data": {"children": [{"kind": "t3", "data":
    {"score": 1, "title": "T", "url": "L"}}]}}"#;

/// An output that knows what has been flushed, or that refuses.
#[derive(Clone, Default)]
struct Outbox {
    text: Vec<u8>,
    /// So many bytes of it.
    flushed: usize,
    /// Whether something was written behind a whole report that was not flushed.
    late: bool,
    refuses_writes: bool,
    refuses_flushes: bool,
}

impl Write for Outbox {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.refuses_writes {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let kept = String::from_utf8_lossy(&self.text[self.flushed..]);
        self.late |= !bytes.is_empty()
            && kept.ends_with('\n')
            && kept.lines().any(|line| line.starts_with("DONE: "));
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.refuses_flushes {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.flushed = self.text.len();
        Ok(())
    }
}

fn post(score: i64, title: &str, link: &str) -> Post {
    Post { score, title: title.to_owned(), link: link.to_owned() }
}

fn path(name: &str) -> String {
    format!("/r/{name}/top.json")
}

/// Every subreddit of [`THREE`] has two posts that name it.
fn three_answers() -> Server {
    THREE.iter().fold(Server::start(), |server, name| {
        let (title, link) = (format!("{name} today"), format!("https://example.org/{name}"));
        let posts = [(20, title.as_str(), link.as_str()), (-2, name, "L")];
        server.answer(&path(name), http::Answer::listing(&posts))
    })
}

/// The report of what [`three_answers`] has for this subreddit.
fn block(name: &str) -> String {
    format!("20: {name} today (https://example.org/{name})\n-2: {name} (L)\nDONE: {name}\n")
}

fn sorted(text: &str) -> Vec<String> {
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// The tests talk to this machine only, whatever proxy the environment names.
fn no_proxy() -> reqwest::ClientBuilder {
    Client::builder().no_proxy()
}

fn patient_client() -> Client {
    client(no_proxy(), PATIENT).expect("a client for plain HTTP needs nothing from the machine")
}

async fn ask(server: &Server, path: &str) -> Answer {
    let listing: Listing = get_json(&patient_client(), &server.url(path)).await?;
    Ok(listing.into_posts())
}

/// The variant of the answer, and what of it does not depend on the machine.
fn kind(answer: &Answer) -> String {
    match answer {
        Ok(_) => "Ok".to_owned(),
        Err(FetchError::RateLimited { retry_after }) => format!("RateLimited({retry_after:?})"),
        Err(error @ FetchError::Status(_)) => format!("{error:?}"),
        Err(error) => {
            let text = format!("{error:?}");
            text.split(['(', ' ']).next().unwrap_or_default().to_owned()
        }
    }
}

/// Runs this on a loop of one thread, with a net for what blocks it. Nothing on it has to be `Send`.
fn on_one_loop<T: Send + 'static>(body: impl AsyncFnOnce() -> T + Send + 'static) -> T {
    within_limit(
        3 * DEADLINE,
        "the loop",
        "something on the loop never gives the thread back: a loop without await, or a call that\nblocks",
        "README, the picture",
        || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("the machine lets the test make a loop").block_on(body())
        },
    )
}

/// Waits for the server on another thread, so that the loop goes on.
async fn on_the_side<T: Send + 'static>(wait: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(wait).await.expect("waiting does not panic")
}
