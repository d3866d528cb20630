//! The experiment: prints the answer.

fn main() {
    println!("the answer is {}", next::next());
}
