//! What happens between two steps of a thread: at each of its system calls, before and after, one at a time.
//!
//! A race is lost in a gap of some nanoseconds, and a test that waits for it to happen needs luck. Here the thread
//! itself comes by: it calls a closure of the test at each point, and goes on when that returns. So another
//! thread can act in the gap, in full.
//!
//! The points are the waits that [`steps`](crate::steps) counts (`epoll_wait`, `poll` and their relatives) and, in a
//! test program with [`watch_reads!`](crate::watch_reads) at its head, what it names.

#![allow(unsafe_code)]

use std::cell::RefCell;

use nix::errno::Errno;

type Act = Box<dyn FnMut(usize)>;

thread_local! {
    static PLAN: RefCell<Option<Plan>> = const { RefCell::new(None) };
}

struct Plan {
    points: usize,
    act: Act,
}

/// Runs `body` and calls `act` at each point of this thread in it, with its number, from 0. Says how many there were.
pub fn at_each_point<T>(act: impl FnMut(usize) + 'static, body: impl FnOnce() -> T) -> (T, usize) {
    PLAN.set(Some(Plan { points: 0, act: Box::new(act) }));
    let result = body();
    (result, PLAN.take().map_or(0, |plan| plan.points))
}

/// Makes `call` with a point before it and one after it. Its `errno` is as it left it.
pub fn with_points<T>(call: impl FnOnce() -> T) -> T {
    point();
    let result = call();
    let errno = Errno::last_raw();
    point();
    Errno::set_raw(errno);
    result
}

fn point() {
    // A thread that ends has no plan any more. What `act` itself calls has no points.
    let Ok(Some(mut plan)) = PLAN.try_with(RefCell::take) else { return };
    (plan.act)(plan.points);
    plan.points += 1;
    PLAN.set(Some(plan));
}

/// Makes points of the calls by which a loop takes what has come, `read`, `readv` and `recv`, and of those by which it
/// sets what it waits for, `timerfd_settime` and `epoll_ctl`. The linker takes these functions instead of the C
/// library's, in this program only.
#[macro_export]
macro_rules! watch_reads {
    () => {
        mod watched_calls {
            use std::ffi::{c_int, c_void};

            use $crate::between::libc;

            $crate::watch_call!(read = SYS_read(fd: c_int, buffer: *mut c_void, size: usize) -> isize);
            $crate::watch_call!(readv = SYS_readv(fd: c_int, buffers: *const c_void, count: c_int) -> isize);
            $crate::watch_call!(timerfd_settime = SYS_timerfd_settime(
                fd: c_int, flags: c_int, new: *const c_void, old: *mut c_void
            ) -> c_int);
            $crate::watch_call!(epoll_ctl = SYS_epoll_ctl(
                epoll: c_int, operation: c_int, fd: c_int, event: *mut c_void
            ) -> c_int);
            $crate::watch_call!(recvfrom = SYS_recvfrom(
                fd: c_int, buffer: *mut c_void, size: usize, flags: c_int, from: *mut c_void, length: *mut c_void
            ) -> isize);

            /// recv(2), watched: a recvfrom that does not ask from whom.
            ///
            /// # Safety
            ///
            /// As the C library's.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn recv(fd: c_int, buffer: *mut c_void, size: usize, flags: c_int) -> isize {
                let nobody = std::ptr::null_mut();
                // SAFETY: the caller's promise is what recvfrom(2) asks for; it may be given no place for an address.
                unsafe { recvfrom(fd, buffer, size, flags, nobody, nobody) }
            }
        }
    };
}

/// Defines one function of the C library: the same call, with a point before it and one after it.
#[doc(hidden)]
#[macro_export]
macro_rules! watch_call {
    ($name:ident = $number:ident($($argument:ident: $type:ty),*) -> $result:ty) => {
        /// As the C library's, watched.
        ///
        /// # Safety
        ///
        /// As the C library's.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: $type),*) -> $result {
            // SAFETY: the caller's promise is what the kernel asks for.
            $crate::between::with_points(|| unsafe {
                libc::syscall(libc::$number, $($argument),*) as $result
            })
        }
    };
}

#[doc(hidden)]
pub use libc;

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    #[test]
    fn a_call_has_a_point_before_it_and_one_after_it_and_keeps_its_error() {
        let order = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&order);
        let act = move |number: usize| {
            seen.borrow_mut().push(format!("point {number}"));
            // What is done here has no points of its own.
            with_points(|| Errno::set_raw(libc::EIO));
        };
        let (errno, points) = at_each_point(act, || {
            with_points(|| {
                order.borrow_mut().push("call".to_owned());
                Errno::set_raw(libc::EAGAIN);
            });
            Errno::last_raw()
        });
        assert_eq!((errno, points), (libc::EAGAIN, 2));
        assert_eq!(*order.borrow(), ["point 0", "call", "point 1"]);
        with_points(|| ());
        assert_eq!(order.borrow().len(), 3);
    }
}
