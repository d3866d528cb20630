//! The kinds of mistakes that known-wrong solutions make: a closed list.

/// What kind of mistake a known-wrong solution makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A plain result is wrong, on any day.
    WrongResult,
    /// Something else does the work than what the exercise asks for.
    Evasion,
    /// What must be one step is looked at first and changed later.
    CheckThenAct,
    /// Two are let in where one at a time may be.
    Exclusion,
    /// A sleeper is not woken, or sets out to sleep after the call that would have woken it.
    LostWakeUp,
    /// Threads or processes wait for each other for ever.
    Deadlock,
    /// A memory ordering is too weak.
    Ordering,
    /// The order of turns is not the one that is promised, or somebody never has a turn.
    OrderOfTurns,
    /// Waiting keeps a core busy, or asks again and again.
    BusyWaiting,
    /// None, one, the most, one more than the most.
    EdgeValue,
    /// Text is taken for bytes, bytes for text, or what is written is read too loosely.
    TextAndBytes,
    /// A failure is not noticed, not passed on, or leaves something half done.
    ErrorPath,
    /// A call that a signal interrupts is taken for one that failed or succeeded.
    InterruptedCall,
    /// A transfer of a part is taken for one of the whole.
    PartialTransfer,
    /// What the caller or a parent process has set up is taken to be at its default, or is passed on.
    InheritedState,
    /// Other children, threads or descriptors of the caller are touched, or waited for.
    Others,
    /// The wrong way out: return, exit, `_exit`, abort or a signal, and what each of them runs or skips.
    WayOut,
    /// What was printed before is lost, or is printed twice.
    CopiedBuffer,
    /// A panic leaves something locked, lost or half done.
    PanicPath,
    /// Something is never given back: memory, descriptors, children, timers.
    Leak,
    /// The code that is called back calls back.
    Reentrancy,
    /// The object is right once and wrong when it is used again.
    NextUse,
    /// A type is Send, Sync or bound to a lifetime that it must not be.
    UnsoundBound,
    /// A number (a pid, a descriptor, a token) is somebody else's by now.
    IdentityReuse,
}

impl Kind {
    /// Every kind with its name.
    pub const ALL: [(Kind, &str); 24] = [
        (Kind::WrongResult, "wrong result"),
        (Kind::Evasion, "evasion"),
        (Kind::CheckThenAct, "check then act"),
        (Kind::Exclusion, "exclusion"),
        (Kind::LostWakeUp, "lost wake-up"),
        (Kind::Deadlock, "deadlock"),
        (Kind::Ordering, "ordering"),
        (Kind::OrderOfTurns, "order of turns"),
        (Kind::BusyWaiting, "busy waiting"),
        (Kind::EdgeValue, "edge value"),
        (Kind::TextAndBytes, "text and bytes"),
        (Kind::ErrorPath, "error path"),
        (Kind::InterruptedCall, "interrupted call"),
        (Kind::PartialTransfer, "partial transfer"),
        (Kind::InheritedState, "inherited state"),
        (Kind::Others, "others"),
        (Kind::WayOut, "way out"),
        (Kind::CopiedBuffer, "copied buffer"),
        (Kind::PanicPath, "panic path"),
        (Kind::Leak, "leak"),
        (Kind::Reentrancy, "re-entrancy"),
        (Kind::NextUse, "next use"),
        (Kind::UnsoundBound, "unsound bound"),
        (Kind::IdentityReuse, "identity reuse"),
    ];

    /// As it stands in a file.
    pub fn name(self) -> &'static str {
        let found = Kind::ALL.iter().find(|(kind, _)| *kind == self);
        found.map_or("", |(_, name)| name)
    }

    /// The kind of this name; an error lists them all.
    pub fn parse(name: &str) -> Result<Self, String> {
        let found = Kind::ALL.iter().find(|(_, known)| *known == name);
        found.map(|(kind, _)| *kind).ok_or_else(|| {
            let names: Vec<&str> = Kind::ALL.iter().map(|(_, name)| *name).collect();
            format!("`{name}` is no kind of mistake; the kinds are: {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_name_and_is_found_by_it() {
        for (kind, name) in Kind::ALL {
            assert_eq!((kind.name(), Kind::parse(name)), (name, Ok(kind)));
        }
    }
}
