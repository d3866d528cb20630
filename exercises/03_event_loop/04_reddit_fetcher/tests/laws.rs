//! Two laws: what the server has is what we get, and what we print is text.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use reddit_fetcher::{Post, client, get_reddit_top, report};
use testkit::http::{Answer, Server};

fn post() -> impl Strategy<Value = Post> {
    (any::<i64>(), any::<String>(), any::<String>()).prop_map(|(score, title, link)| Post {
        score,
        title,
        link,
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        rng_seed: RngSeed::Fixed(testkit::seed(12)),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_listing_comes_back_as_it_was_made(posts in prop::collection::vec(post(), 0..8)) {
        let made: Vec<_> =
            posts.iter().map(|p| (p.score, p.title.as_str(), p.link.as_str())).collect();
        let server = Server::start().answer("/r/any/top.json", Answer::listing(&made));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let builder = reqwest::Client::builder().no_proxy();
        let client = client(builder, Duration::from_secs(120)).unwrap();
        let answer = runtime.block_on(get_reddit_top(&client, &server.base_url(), "any"));
        prop_assert!(matches!(&answer, Ok(got) if *got == posts), "{:?} became {:?}", posts, answer);
    }

    #[test]
    fn a_report_has_a_line_for_each_post_and_no_control_character(
        posts in prop::collection::vec(post(), 0..8),
    ) {
        let count = posts.len();
        let text = report("any", &Ok(posts));
        let lines: Vec<_> = text.split_terminator('\n').collect();
        prop_assert_eq!(lines.len(), count + 1, "{:?}", text);
        prop_assert!(!lines.iter().any(|line| line.contains(char::is_control)), "{:?}", text);
    }
}
