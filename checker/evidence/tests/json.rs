//! What a test writes by hand is what the checker reads by serde.

use evidence::{
    Explored, Failure, Lane, Lesson, Place, Schedule, SourceLine, Step, Timeline, Told, Waiting,
};

const HOSTILE: &str = "\"\\\u{0}\u{1b}[31m\r\n\t</script>\u{202e}ä\u{10ffff}\u{7f}{}";

fn place() -> Place {
    Place { file: "exercises/a/tests/../src/ä \".rs".into(), line: 3, column: Some(5) }
}

fn schedule(failure: Failure) -> Told {
    Told::Schedule(Schedule {
        expected: HOSTILE.into(),
        failure,
        likely: String::new(),
        blamed: Some(place()),
        read: "r".into(),
        again: "SCHEDULE=1:2 cargo test".into(),
        number: 7,
        switches: 2,
        threads: vec!["main".into(), HOSTILE.into()],
        left_out: 1,
        steps: vec![Step { thread: 1, place: place(), text: "lock a".into(), times: 2 }],
        waiting: vec![
            Waiting { thread: 0, place: place(), text: "lock a".into(), holder: Some(1) },
            Waiting { thread: 1, place: place(), text: "wait b".into(), holder: None },
        ],
        lines: vec![SourceLine { place: place(), text: "a.lock();".into() }],
    })
}

#[test]
fn everything_that_is_written_is_read_as_it_was() {
    let lane = Lane { name: "P1".into(), events: vec![HOSTILE.into()] };
    let told = [
        Told::Lesson(Lesson::default()),
        Told::Lesson(Lesson {
            expected: HOSTILE.into(),
            about: Some("acquire".into()),
            timeline: Some(Timeline { lanes: vec![lane], stuck: vec!["P1 waits".into()] }),
            ..Lesson::default()
        }),
        schedule(Failure::Deadlock),
        schedule(Failure::LostWakeUp { sleepers: vec!["T1".into(), "T2".into()] }),
        schedule(Failure::Starvation),
        schedule(Failure::DataRace { accesses: HOSTILE.into() }),
        schedule(Failure::BrokenInvariant { message: HOSTILE.into() }),
        schedule(Failure::Panic { message: HOSTILE.into(), place: place() }),
    ];
    for told in told {
        let read: Told = serde_json::from_str(&told.to_json())
            .unwrap_or_else(|error| panic!("{error}: {}", told.to_json()));
        assert_eq!(read, told);
        assert_eq!(
            serde_json::from_value::<Told>(serde_json::to_value(&told).unwrap()).unwrap(),
            told
        );
    }
}

#[test]
fn what_nobody_knows_is_refused() {
    for text in [
        r#"{"kind":"praise"}"#,
        r#"{"kind":"lesson","expected":"","seen":"","likely":"","read":"","points":5}"#,
        r#"{"kind":"lesson","expected":""}"#,
        r#"["lesson"]"#,
        "",
    ] {
        assert!(serde_json::from_str::<Told>(text).is_err(), "{text}");
    }
    let text = schedule(Failure::Panic { message: String::new(), place: place() }).to_json();
    let text = text.replace("\"kind\":\"panic\"", "\"kind\":\"panic\",\"cure\":\"\"");
    assert!(serde_json::from_str::<Told>(&text).is_err(), "{text}");
}

#[test]
fn what_was_explored_is_read_as_it_was_written() {
    let explored = Explored { schedules: 12_480 };
    assert_eq!(serde_json::from_str::<Explored>(&explored.to_json()).unwrap(), explored);
}
