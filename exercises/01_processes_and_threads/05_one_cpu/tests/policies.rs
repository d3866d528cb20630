//! The policies, which are lists: who is ready, and who is next for how long.

use std::time::Duration;

use one_cpu::{Feedback, News, Policy, RoundRobin};
use rstest::rstest;
use testkit::growth::{Growth, growth};
use testkit::require;

testkit::count_allocations!();

const SLICE: Duration = ms(10);

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

const ARRIVED: News = News::Arrived;
const ENDED: News = News::Ended;

fn expired(milliseconds: u64) -> News {
    News::Expired { used: ms(milliseconds) }
}

fn blocked(milliseconds: u64) -> News {
    News::Blocked { used: ms(milliseconds) }
}

fn round_robin() -> RoundRobin {
    RoundRobin::new(SLICE)
}

/// 10 ms for the quick ones, then turns of 40 ms.
fn feedback() -> Feedback {
    Feedback::new(SLICE, ms(40))
}

fn in_words(turn: Option<(usize, Duration)>) -> String {
    match turn {
        Some((job, slice)) => format!("job {job} for {slice:?}"),
        None => "nobody".to_owned(),
    }
}

/// The policy names this job for so long, or nobody.
#[track_caller]
fn require_next(policy: &mut impl Policy, expected: Option<(usize, Duration)>, likely: &str) {
    let (expected, seen) = (in_words(expected), in_words(policy.next()));
    require!(seen == expected,
        expected: "the next turn: {expected}",
        seen: "{seen}",
        likely: "{likely}",
        read: "src/policy.rs; the stub",
        about: "next",
    );
}

/// Jobs 1, 2 and 3 have arrived.
fn with_three<P: Policy>(mut policy: P) -> P {
    (1..=3).for_each(|job| policy.note(job, ARRIVED));
    policy
}

// Round robin.

#[test]
fn a_queue_without_jobs_names_nobody_and_then_the_one_that_arrives() {
    let mut policy = round_robin();
    require_next(&mut policy, None, "nobody has arrived");
    policy.note(7, ARRIVED);
    require_next(&mut policy, Some((7, SLICE)), "a job that arrives waits in the queue");
    policy.note(7, ENDED);
    require_next(&mut policy, None, "the only job has ended");
}

#[test]
fn in_a_queue_jobs_have_turns_in_the_order_in_which_they_came() {
    let mut policy = with_three(round_robin());
    for job in [1, 2, 3, 1, 2, 3] {
        let likely =
            "first come, first served: who arrives, and whose slice is used up, goes to the end";
        require_next(&mut policy, Some((job, SLICE)), likely);
        policy.note(job, expired(10));
    }
}

#[test]
fn a_job_that_arrives_during_a_turn_is_before_the_one_that_has_it() {
    let mut policy = round_robin();
    policy.note(1, ARRIVED);
    require_next(&mut policy, Some((1, SLICE)), "it is the only one");
    policy.note(2, ARRIVED);
    policy.note(1, expired(10));
    let likely = "the job that has the turn still stands at the head of the queue; it comes to its end when it \
                  has used its slice up";
    require_next(&mut policy, Some((2, SLICE)), likely);
}

#[test]
fn a_blocked_job_has_no_turn_in_a_queue_until_it_arrives() {
    let mut policy = with_three(round_robin());
    policy.next();
    policy.note(1, blocked(3));
    for job in [2, 3, 2] {
        require_next(&mut policy, Some((job, SLICE)), "a job that is blocked is not ready");
        policy.note(job, expired(10));
    }
    policy.note(1, ARRIVED);
    for job in [3, 2, 1, 3] {
        require_next(&mut policy, Some((job, SLICE)), "it arrives again, at the end of the queue");
        policy.note(job, expired(10));
    }
}

#[rstest]
#[case::that_has_the_turn(&[1], &[2, 3, 2])]
#[case::that_waits_for_its_turn(&[2], &[3, 1, 3])]
#[case::that_waits_last(&[3], &[2, 1, 2])]
#[case::and_all_others(&[3, 2, 1], &[])]
fn a_job_that_ends_leaves_the_queue(#[case] ended: &[usize], #[case] turns: &[usize]) {
    let mut policy = with_three(round_robin());
    require_next(&mut policy, Some((1, SLICE)), "it has come first");
    ended.iter().for_each(|job| policy.note(*job, ENDED));
    if !ended.contains(&1) {
        policy.note(1, expired(10));
    }
    let likely = "a job may end in its turn, and also while it waits for one: it is taken out of the queue, \
                  wherever it stands, and nobody else is";
    for job in turns {
        require_next(&mut policy, Some((*job, SLICE)), likely);
        policy.note(*job, expired(10));
    }
    if turns.is_empty() {
        require_next(&mut policy, None, likely);
    }
}

#[test]
fn a_job_that_ends_while_it_is_blocked_leaves_the_others_as_they_were() {
    let mut policy = with_three(round_robin());
    policy.next();
    policy.note(1, blocked(1));
    policy.note(1, ENDED);
    for job in [2, 3, 2] {
        require_next(&mut policy, Some((job, SLICE)), "job 1 was in no queue when it ended");
        policy.note(job, expired(10));
    }
}

#[rstest]
#[case::zero(0)]
#[case::many(1_000_000_007)]
#[case::the_largest(usize::MAX)]
fn any_number_may_be_that_of_a_job(#[case] job: usize) {
    let likely = "the number is an index into a vector, or is computed with: it is only a name";
    let mut queue = round_robin();
    queue.note(job, ARRIVED);
    require_next(&mut queue, Some((job, SLICE)), likely);
    queue.note(job, expired(10));
    require_next(&mut queue, Some((job, SLICE)), likely);
    let mut queues = feedback();
    queues.note(job, ARRIVED);
    require_next(&mut queues, Some((job, SLICE)), likely);
    queues.note(job, expired(10));
    require_next(&mut queues, Some((job, ms(40))), likely);
}

#[test]
fn a_slice_may_be_as_long_as_there_is() {
    let likely = "times are added to each other, or counted in fewer bits";
    let mut queue = RoundRobin::new(Duration::MAX);
    queue.note(1, ARRIVED);
    require_next(&mut queue, Some((1, Duration::MAX)), likely);
    let mut queues = Feedback::new(Duration::MAX, Duration::MAX);
    queues.note(1, ARRIVED);
    require_next(&mut queues, Some((1, Duration::MAX)), likely);
    queues.note(1, blocked(5));
    queues.note(1, ARRIVED);
    require_next(&mut queues, Some((1, Duration::MAX - ms(5))), likely);
    queues.note(1, News::Expired { used: Duration::MAX });
    require_next(&mut queues, Some((1, Duration::MAX)), likely);
    queues.note(1, News::Expired { used: Duration::MAX });
    require_next(&mut queues, Some((1, Duration::MAX)), likely);
}

// Feedback.

#[test]
fn two_queues_without_jobs_name_nobody_and_then_the_one_that_arrives() {
    let mut policy = feedback();
    require_next(&mut policy, None, "nobody has arrived");
    policy.note(7, ARRIVED);
    require_next(&mut policy, Some((7, SLICE)), "a new job has all of its quick time left");
    policy.note(7, ENDED);
    require_next(&mut policy, None, "the only job has ended");
}

#[test]
fn a_job_that_has_used_its_quick_time_up_has_slow_turns_until_it_ends() {
    let mut policy = feedback();
    policy.note(1, ARRIVED);
    let likely = "once in the lower queue, a job belongs to it until it ends";
    require_next(&mut policy, Some((1, SLICE)), "a new job has all of its quick time left");
    policy.note(1, expired(10));
    require_next(&mut policy, Some((1, ms(40))), likely);
    policy.note(1, expired(41));
    require_next(&mut policy, Some((1, ms(40))), likely);
    policy.note(1, blocked(1));
    policy.note(1, ARRIVED);
    require_next(&mut policy, Some((1, ms(40))), likely);
}

#[test]
fn no_slow_job_has_a_turn_while_a_quick_one_is_ready() {
    let mut policy = with_three(feedback());
    policy.next();
    policy.note(1, expired(10));
    policy.next();
    policy.note(2, expired(10));
    let likely =
        "the upper queue first: who waits in the lower one has a turn when the upper one is empty";
    require_next(&mut policy, Some((3, SLICE)), likely);
    policy.note(4, ARRIVED);
    policy.note(3, expired(10));
    require_next(&mut policy, Some((4, SLICE)), likely);
    policy.note(4, ENDED);
    for job in [1, 2, 3, 1] {
        require_next(
            &mut policy,
            Some((job, ms(40))),
            "the lower queue is first come, first served, too",
        );
        policy.note(job, expired(40));
    }
}

#[test]
fn a_job_that_gives_the_cpu_up_before_its_slice_is_over_does_not_stay_quick_for_ever() {
    let mut policy = with_three(feedback());
    let likely = "what a job has left of its quick time outlasts a blocking: otherwise a job that stops by itself \
                  just before its slice is over stays in the upper queue for ever";
    for (job, slice, used) in
        [(1, 10, 4), (2, 10, 9), (3, 10, 0), (1, 6, 4), (2, 1, 0), (3, 10, 10), (1, 2, 2)]
    {
        require_next(&mut policy, Some((job, ms(slice))), likely);
        policy.note(job, blocked(used));
        policy.note(job, ARRIVED);
    }
    // 1 and 3 have used it up, 2 has a millisecond left.
    require_next(&mut policy, Some((2, ms(1))), likely);
    policy.note(2, blocked(5));
    policy.note(2, ARRIVED);
    for job in [3, 1, 2] {
        require_next(&mut policy, Some((job, ms(40))), likely);
        policy.note(job, blocked(0));
    }
    require_next(&mut policy, None, "all are blocked");
}

#[test]
fn quick_time_is_over_when_all_of_it_is_used_and_not_before() {
    let nearly = SLICE - Duration::from_nanos(1);
    let mut policy = feedback();
    policy.note(1, ARRIVED);
    policy.note(2, ARRIVED);
    policy.next();
    policy.note(1, News::Blocked { used: nearly });
    policy.note(1, ARRIVED);
    policy.next();
    policy.note(2, News::Blocked { used: SLICE });
    policy.note(2, ARRIVED);
    let likely =
        "the times are rounded (there are nanoseconds), or all and nearly all are mixed up";
    require_next(&mut policy, Some((1, Duration::from_nanos(1))), likely);
    policy.note(1, ENDED);
    require_next(&mut policy, Some((2, ms(40))), likely);
}

#[rstest]
#[case::that_has_the_turn(4, &[3, 1, 2])]
#[case::that_waits_in_the_upper_queue(3, &[4, 1, 2])]
#[case::that_waits_in_the_lower_queue(1, &[3, 4, 2])]
fn a_job_that_ends_leaves_both_queues(#[case] ended: usize, #[case] turns: &[usize]) {
    // 1 and 2 wait in the lower queue, 3 in the upper one, and 4 has the turn.
    let mut policy = feedback();
    for job in [1, 2] {
        policy.note(job, ARRIVED);
        policy.next();
        policy.note(job, expired(10));
    }
    policy.note(4, ARRIVED);
    policy.note(3, ARRIVED);
    require_next(&mut policy, Some((4, SLICE)), "the upper queue first");
    policy.note(ended, ENDED);
    if ended != 4 {
        policy.note(4, blocked(1));
        policy.note(4, ARRIVED);
    }
    for &job in turns {
        let slice = match job {
            4 => ms(9),
            3 => SLICE,
            _ => ms(40),
        };
        let likely =
            "a job that ends is taken out of the queue in which it waits, and nobody else is";
        require_next(&mut policy, Some((job, slice)), likely);
        policy.note(job, ENDED);
    }
    require_next(&mut policy, None, "all have ended");
}

#[test]
fn a_number_that_comes_again_is_a_new_job() {
    let mut policy = feedback();
    for _ in 0..2 {
        policy.note(1, ARRIVED);
        let likely = "what was remembered of the job that has ended is still there";
        require_next(&mut policy, Some((1, SLICE)), likely);
        policy.note(1, expired(10));
        policy.note(1, ENDED);
        policy.note(2, ARRIVED);
        require_next(&mut policy, Some((2, SLICE)), likely);
        policy.note(2, blocked(4));
        policy.note(2, ENDED);
    }
}

#[test]
fn nothing_is_kept_of_jobs_that_have_ended() {
    let (mut queue, mut queues) = (round_robin(), feedback());
    let mut last = [0; 2];
    let growth = growth(|round| {
        let job = round + 1;
        for (policy, last) in
            [&mut queue as &mut dyn Policy, &mut queues].into_iter().zip(&mut last)
        {
            policy.note(job, ARRIVED);
            *last = policy.next().map_or(0, |(job, _)| job);
            policy.note(job, expired(10));
            policy.note(job, ENDED);
        }
    });
    require!(last == [10_010; 2],
        expected: "job 10010 to have the last turn under both policies",
        seen: "{last:?}",
        likely: "see the tests before this one first",
        read: "src/policy.rs",
    );
    let Growth { bytes, .. } = growth;
    require!(!growth.is_there(),
        expected: "after 10000 jobs that have ended the policies to take as much memory as after 10",
        seen: "{bytes} bytes more",
        likely: "the quick time of a job, or its place, is still there when the job has ended",
        read: "src/policy.rs: Ended",
        about: "note",
    );
}
