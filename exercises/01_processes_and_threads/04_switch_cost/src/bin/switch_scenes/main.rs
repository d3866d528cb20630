//! Scenes for the tests: each prints what it saw, and then what is left of it.
#![allow(unsafe_code)]

mod bad_days;
mod board;
mod clock;
mod cpu;
mod ends;
mod game;
mod others;
mod play;
mod switches;
mod time;

use std::env;
use std::io::{self, Read};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use switch_cost::sides::Between;
use testkit::affinity::allow_all_cpus;
use testkit::quiescence::let_others_look;
use testkit::survey::Survey;

use bad_days::{
    a_turn_panics, game_on_trial, locals_are_dropped, no_cpu, no_thread, other_children, signals,
    tokens, with_a_handler_for_all,
};
use board::{allowed, board};
use cpu::{
    a_pinned_body, a_pinned_body_moves, a_pinned_body_panics,
    a_pinned_thread_that_is_not_the_first, cpu, game_of_a_thread_that_is_not_the_first,
    on_the_last_cpu_only, pinned_where_it_is_refused, pinned_within_pinned,
};
use ends::{
    a_child_ends_in_its_turn, a_child_leaves_a_program_behind, a_child_stops_on_its_way_out,
    killed_while_it_waits, way_out,
};
use game::{
    a_game_within_a_turn, again, at_once, game, game_with_all_signals_blocked, sides, sleep,
};
use play::without_status;
use switches::{both_kinds, count, neighbour, no_status, others_switch};
use time::{batches, batches_fail, medians, time};

fn main() -> io::Result<()> {
    let_others_look();
    board();
    allow_all_cpus();
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    // A neighbour is there before and after.
    let neighbour = (args[0] == "both-kinds").then(neighbour);
    let (before, allowed_before) = (Survey::now(), allowed());
    match args[..] {
        ["median", ..] => medians(&numbers(&args[1..])),
        ["pinned"] => a_pinned_body(),
        ["pinned", "last"] => on_the_last_cpu_only(a_pinned_body),
        ["pinned", "panic"] => a_pinned_body_panics(),
        ["pinned", "within"] => pinned_within_pinned(),
        ["pinned", "moves"] => a_pinned_body_moves(),
        ["pinned", "thread"] => a_pinned_thread_that_is_not_the_first(),
        ["pinned", "refused"] => pinned_where_it_is_refused(),
        ["game", of, rounds] => game(between(of), number(rounds)),
        ["game", of, rounds, "blocked"] => {
            game_with_all_signals_blocked(between(of), number(rounds))
        }
        ["sides", of] => sides(between(of)),
        ["sleep", of] => sleep(between(of)),
        ["cpu", of] => cpu(between(of)),
        ["cpu", of, "last"] => on_the_last_cpu_only(|| cpu(between(of))),
        ["cpu", of, "thread"] => game_of_a_thread_that_is_not_the_first(between(of)),
        ["count", of] => count(between(of)),
        ["both-kinds", of] => both_kinds(between(of), neighbour),
        ["others-switch", of] => others_switch(between(of)),
        ["no-status"] => no_status(),
        ["clock", of, seconds, nanoseconds] => {
            time(between(of), (number(seconds), number(nanoseconds)))
        }
        ["panic", of, at] => a_turn_panics(between(of), number(at)),
        ["panic", of, at, "handled"] => {
            with_a_handler_for_all(|| a_turn_panics(between(of), number(at)));
        }
        ["death", how, at] => a_child_ends_in_its_turn(how, number(at)),
        ["death", how, at, "no-status"] => {
            without_status(|| a_child_ends_in_its_turn(how, number(at)));
        }
        ["stops-on-its-way-out"] => a_child_stops_on_its_way_out(),
        ["survivor"] => a_child_leaves_a_program_behind(),
        ["lives-on"] => return io::stdin().read(&mut [0]).map(drop),
        ["locals", then] => locals_are_dropped(then == "panic"),
        ["killed", at] => killed_while_it_waits(number(at)),
        ["way-out", how] => way_out(how),
        ["no-thread", most] => no_thread(number(most)),
        ["no-cpu", of] => no_cpu(between(of)),
        ["signals", of] => signals(between(of)),
        ["tokens"] => tokens(),
        ["within", of, inner] => a_game_within_a_turn(between(of), between(inner)),
        ["at-once", of] => at_once(between(of)),
        ["again", of] => again(between(of)),
        ["others"] => other_children(),
        ["on-trial", of] => game_on_trial(between(of)),
        ["batches", of, rounds, ..] => batches(between(of), number(rounds), &numbers(&args[3..])),
        ["batches-fail", of] => batches_fail(between(of)),
        _ => panic!("no scene {args:?}"),
    }
    let mut changes = before.changes();
    if allowed() != allowed_before {
        changes.push(format!("CPUs: {allowed_before:?} → {:?}", allowed()));
    }
    println!("changed: {}", changes.join(", "));
    if let Some(neighbour) = neighbour {
        kill(neighbour, Signal::SIGKILL).expect("it has not been waited for");
        waitpid(neighbour, None).expect("it is a child of this process");
    }
    Ok(())
}

fn number(text: &str) -> u64 {
    text.parse().expect("a number")
}

fn numbers(texts: &[&str]) -> Vec<u64> {
    texts.iter().map(|text| number(text)).collect()
}

fn between(name: &str) -> Between {
    match name {
        "threads" => Between::Threads,
        "processes" => Between::Processes,
        "tasks" => Between::Tasks,
        _ => panic!("nothing is between {name}"),
    }
}
