//! Signals, as something that happens.

use std::io;
use std::thread::Scope;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::{self, Handle};

use super::happening::{Happening, Mailbox};

/// Forwards signals as long as it is there.
pub(super) struct Signals(Handle);

impl Drop for Signals {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Signals {
    /// Puts signals into the mailbox. One that is ignored stays so, for nohup(1).
    pub(super) fn forward<'scope, 'w: 'scope>(
        mailbox: Mailbox<'w>,
        scope: &'scope Scope<'scope, '_>,
    ) -> io::Result<Self> {
        let wanted = [SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGCONT, SIGWINCH];
        let wanted = wanted.into_iter().filter(|signal| !sandbox::is_ignored(*signal));
        let mut signals = iterator::Signals::new(wanted)?;
        let handle = signals.handle();
        scope.spawn(move || {
            for signal in signals.forever() {
                mailbox.put(Happening::Signal(signal));
            }
        });
        Ok(Self(handle))
    }
}
