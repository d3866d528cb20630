//! Reddit's listing JSON, as far as we want it: `data.children[].data`, with three fields each.
//!
//! Fields that are not named here are skipped. If one that is named is missing, the whole listing
//! is malformed: of a server that has changed its format nothing is trusted.

use serde::Deserialize;

/// One post.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Post {
    /// Votes for, less votes against.
    pub score: i64,
    /// Anything that somebody has typed.
    pub title: String,
    /// Where it leads; Reddit's name for it is `url`.
    #[serde(rename = "url")]
    pub link: String,
}

/// A page of posts. Decode one with `get_json`, then take its posts.
#[derive(Debug, Deserialize)]
pub struct Listing {
    data: Page,
}

#[derive(Debug, Deserialize)]
struct Page {
    children: Vec<Child>,
}

#[derive(Debug, Deserialize)]
struct Child {
    data: Post,
}

impl Listing {
    /// The posts, in the server's order.
    pub fn into_posts(self) -> Vec<Post> {
        self.data.children.into_iter().map(|child| child.data).collect()
    }
}
