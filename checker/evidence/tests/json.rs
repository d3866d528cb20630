//! What a test writes by hand is what the checker reads by serde.

use evidence::{Choice, Ended, Played, PlayedProgram, Position, ThreadNow, ThreadState, Wish};
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

fn played(ended: Option<Ended>, program: Option<PlayedProgram>) -> Played {
    let states = [ThreadState::Ready, ThreadState::Waits, ThreadState::Ended];
    let thread = |(holder, state): (Option<usize>, _)| ThreadNow {
        state,
        place: holder.map(|_| place()),
        text: "lock a".into(),
        holds: vec![HOSTILE.into()],
        holder,
    };
    let choice = |without_reason| Choice { thread: 1, without_reason, at: 2, decision: 3 };
    Played {
        expected: HOSTILE.into(),
        likely: "l".into(),
        program,
        threads: vec!["main".into(), HOSTILE.into()],
        steps: vec![Step { thread: 1, place: place(), text: "lock a".into(), times: 1 }],
        positions: vec![Position {
            decisions: 3,
            steps: 1,
            choices: vec![choice(false), choice(true)],
            threads: [None, Some(0), None].into_iter().zip(states).map(thread).collect(),
        }],
        decisions: vec![0, 2, 3],
        ended,
        switches: 2,
        again: "SCHEDULE=1:2 cargo test".into(),
        tried: 9,
    }
}

#[test]
fn an_execution_that_is_played_is_read_as_it_was_written() {
    let waiting = vec![Waiting { thread: 0, place: place(), text: "a".into(), holder: None }];
    let broken = Ended::Broken { failure: Failure::Deadlock, waiting };
    let program = PlayedProgram { number: 7, count: 80, calls: HOSTILE.into() };
    let all =
        [played(None, None), played(Some(Ended::Held), Some(program)), played(Some(broken), None)];
    for played in all {
        let read: Played = serde_json::from_str(&played.to_json()).unwrap();
        assert_eq!(read, played);
    }
}

#[test]
fn a_wish_is_read_as_it_was_written() {
    let decisions = || vec![2, 0, 13];
    let wishes = [
        Wish::Found,
        Wish::Pause(vec![]),
        Wish::Pause(decisions()),
        Wish::ToTheEnd(vec![]),
        Wish::ToTheEnd(decisions()),
    ];
    for wish in wishes {
        assert_eq!(Wish::from_value(&wish.to_value()), Some(wish));
    }
    assert_eq!(Wish::from_value("2,x"), None);
}
