//! Runs within runs: each way in which one can end, at each place within the one around it. Given.

use std::any::Any;
use std::hint::black_box;
use std::panic::{self, panic_any, resume_unwind};
use std::process::{self, ExitCode};

use exit_or_return::{run, unwinding_exit};

use crate::is;

/// How the body of a run ends.
#[derive(Debug, Clone, Copy)]
enum End {
    Return,
    Exit,
    Panic,
}

/// Where a run is called within the one around it.
#[derive(Debug, Clone, Copy)]
enum Place {
    Body,
    Destructor,
}

type Level = (Place, End);

/// What a run panics with whose code would have been this one.
struct PanicOf(u8);

/// Tries every nest of one, two and three runs, and says on standard error which one it tries.
///
/// The process ends with this code if all were right, and with 1 after the first that was not.
pub fn try_every_nest(code: u8) -> ExitCode {
    panic::set_hook(Box::new(|_| ()));
    let ends = [End::Return, End::Exit, End::Panic];
    let inner = [Place::Body, Place::Destructor].map(|place| ends.map(|end| (place, end)));
    let mut nests: Vec<Vec<Level>> = ends.map(|end| vec![(Place::Body, end)]).to_vec();
    for _ in 0..3 {
        nests.iter().for_each(|levels| try_nest(levels));
        let deeper = |levels: Vec<Level>| {
            inner.into_iter().flatten().map(move |level| [&levels[..], &[level]].concat())
        };
        nests = nests.into_iter().flat_map(deeper).collect();
    }
    ExitCode::from(code)
}

fn try_nest(levels: &[Level]) {
    let words: Vec<_> = levels.iter().enumerate().map(in_words).collect();
    eprintln!("nest: {}", words.join(", "));
    begin(levels);
}

fn in_words((depth, (place, end)): (usize, &Level)) -> String {
    match (depth, place) {
        (0, _) => format!("{end:?}"),
        (_, Place::Body) => format!("below it {end:?}"),
        (_, Place::Destructor) => format!("in its destructor {end:?}"),
    }
}

/// Calls the run of the first level, which calls those of the others, and looks at how it ends.
fn begin(levels: &[Level]) {
    let Some((&(_, end), inner)) = levels.split_first() else { return };
    // Each level has a code of its own: the innermost 11.
    let code = 10 + levels.len() as u8;
    let body = || {
        let place = inner.first().map(|(place, _)| *place);
        let _unwound = matches!(place, Some(Place::Destructor)).then_some(BeginsWhenDropped(inner));
        if matches!(place, Some(Place::Body)) {
            begin(inner);
        }
        match end {
            End::Return => ExitCode::from(code),
            End::Exit => unwinding_exit(code),
            End::Panic => panic_any(PanicOf(code)),
        }
    };
    let right = match end {
        End::Return | End::Exit => format!("the code {code}"),
        End::Panic => format!("the panic of {code}"),
    };
    let seen = match panic::catch_unwind(|| run(body)) {
        Ok(ended) => match (0..=u8::MAX).find(|number| is(ended, *number)) {
            Some(number) => format!("the code {number}"),
            None => "no code".to_owned(),
        },
        Err(payload) => match payload.downcast_ref() {
            Some(PanicOf(number)) => format!("the panic of {number}"),
            None => "a panic with another payload".to_owned(),
        },
    };
    if seen != right {
        eprintln!("wrong: {seen} came out of `run`, not {right}");
        process::exit(1);
    }
}

/// A destructor that uses `run` itself.
struct BeginsWhenDropped<'a>(&'a [Level]);

impl Drop for BeginsWhenDropped<'_> {
    fn drop(&mut self) {
        begin(self.0);
    }
}

/// Exits with each of the 256 codes in turn; ends with this code if `run` returned them all.
pub fn exit_with_every_code(code: u8) -> ExitCode {
    for number in 0..=u8::MAX {
        match panic::catch_unwind(|| run(|| unwinding_exit(number))) {
            Ok(ended) if is(ended, number) => {}
            Ok(ended) => {
                eprintln!("{ended:?} for the code {number}");
                return ExitCode::FAILURE;
            }
            Err(_) => {
                eprintln!("a panic for the code {number}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::from(code)
}

/// Panics below `run` in as many ways as there are, and looks at what comes out of it.
pub fn panic_with_every_payload(code: u8) -> ExitCode {
    const WORD: &str = "a word";
    panic::set_hook(Box::new(|_| ()));
    let is_whole = [
        ("a &str", payload_of(|| panic!("a word")).downcast_ref() == Some(&WORD)),
        (
            "a String",
            payload_of(|| panic!("word {}", black_box(7))).downcast_ref()
                == Some(&"word 7".to_owned()),
        ),
        ("a number", payload_of(|| panic_any(7_u64)).downcast_ref() == Some(&7_u64)),
        (
            "a type of its own",
            matches!(payload_of(|| panic_any(PanicOf(7))).downcast_ref(), Some(PanicOf(7))),
        ),
        (
            "a payload that is resumed",
            payload_of(|| resume_unwind(Box::new(7_u16))).downcast_ref() == Some(&7_u16),
        ),
    ];
    for (payload, _) in is_whole.iter().filter(|(_, is_whole)| !is_whole) {
        eprintln!("{payload} did not come out as it was");
    }
    if is_whole.iter().all(|(_, is_whole)| *is_whole) {
        ExitCode::from(code)
    } else {
        ExitCode::FAILURE
    }
}

/// What comes out of a `run` whose body panics.
fn payload_of(body: fn() -> ExitCode) -> Box<dyn Any + Send> {
    match panic::catch_unwind(|| run(body)) {
        Err(payload) => payload,
        Ok(_) => Box::new("run returned"),
    }
}
