//! What the server's threads share: the answers, the gates, and what was seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Answer, Request};
use crate::deadline::DEADLINE;

/// The shared state of one server.
#[derive(Debug, Default)]
pub(super) struct State {
    inner: Mutex<Inner>,
    /// Notified after every change.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    answers: BTreeMap<String, Answer>,
    /// Paths that are not answered yet.
    held: BTreeSet<String>,
    /// Nobody is answered before so many requests are in.
    gate: usize,
    requests: Vec<Request>,
    in_before_first_answer: Option<usize>,
    given_up: usize,
    stopping: bool,
}

impl State {
    pub(super) fn set_answer(&self, path: &str, answer: Answer) {
        self.change(|inner| inner.answers.insert(path.to_owned(), answer));
    }

    pub(super) fn set_gate(&self, requests: usize) {
        self.change(|inner| inner.gate = requests);
    }

    pub(super) fn hold(&self, path: &str) {
        self.change(|inner| inner.held.insert(path.to_owned()));
    }

    pub(super) fn release(&self, path: &str) {
        self.change(|inner| inner.held.remove(path));
    }

    pub(super) fn stop(&self) {
        self.change(|inner| inner.stopping = true);
    }

    pub(super) fn stopping(&self) -> bool {
        self.lock().stopping
    }

    pub(super) fn record(&self, request: &Request) {
        self.change(|inner| inner.requests.push(request.clone()));
    }

    pub(super) fn record_given_up(&self) {
        self.change(|inner| inner.given_up += 1);
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    pub(super) fn in_before_first_answer(&self) -> usize {
        let inner = self.lock();
        inner.in_before_first_answer.unwrap_or(inner.requests.len())
    }

    pub(super) fn wait_for_requests(&self, count: usize) -> usize {
        self.wait(DEADLINE, |inner| inner.requests.len() >= count).requests.len()
    }

    pub(super) fn wait_for_given_up(&self, count: usize) -> usize {
        self.wait(DEADLINE, |inner| inner.given_up >= count).given_up
    }

    /// Waits until this path may be answered; `None` once the server stops.
    pub(super) fn answer_for(&self, path: &str) -> Option<Answer> {
        let mut inner = self.wait(DEADLINE, |inner| {
            inner.stopping || (inner.requests.len() >= inner.gate && !inner.held.contains(path))
        });
        if inner.stopping {
            return None;
        }
        if inner.requests.len() < inner.gate {
            // Overdue. The client gets its answers, and the test what was seen until now.
            inner.gate = 0;
        }
        if inner.in_before_first_answer.is_none() {
            inner.in_before_first_answer = Some(inner.requests.len());
        }
        let answer = inner.answers.get(path).cloned();
        drop(inner);
        self.changed.notify_all();
        Some(answer.unwrap_or_else(|| Answer::status(404)))
    }

    /// A pause that ends at once when the server stops; says whether it goes on.
    pub(super) fn pause(&self, pause: Duration) -> bool {
        !self.wait(pause, |inner| inner.stopping).stopping
    }

    fn wait(&self, limit: Duration, mut done: impl FnMut(&Inner) -> bool) -> MutexGuard<'_, Inner> {
        let deadline = Instant::now() + limit;
        let mut inner = self.lock();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if done(&inner) || left.is_zero() {
                return inner;
            }
            inner =
                self.changed.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Inner) -> T) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// A test that failed elsewhere must not make the server's drop panic too.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
