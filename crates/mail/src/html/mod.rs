//! What a page loads by itself, where its links lead, and what a reader sees of it.

mod attributes;
mod element;
mod facts;
mod hidden;
mod loads;
mod srcset;
#[cfg(test)]
mod tests;
mod text;
mod token;
mod url;
mod walk;

pub(crate) use facts::{push, push_all};

/// Something that loads by itself, or on an act that its reader does not take for a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// The address as a browser would ask for it: decoded, trimmed, resolved against the base.
    pub url: String,
    /// The host of the address in ASCII lower case; empty where there is none.
    pub host: String,
    /// What loads it, such as `img`, `css-url`, `font`, `prefetch`, `docx-template`.
    pub kind: &'static str,
    /// Why a reader does not see it (`1x1`, `display:none`, `opacity:0`, …); `None` where it is seen.
    pub hidden: Option<&'static str>,
    /// When it loads.
    pub fires: Fires,
    /// Number of the part that holds it, as [`crate::content::Part::number`].
    pub part: u32,
}

/// When something loads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fires {
    /// When the message is opened in a browser or a mail program that shows remote content.
    #[default]
    Opened,
    /// Only in certain clients (VML, conditional comments, AMP, S/MIME).
    OpenedInSome,
    /// When an attachment is opened.
    AttachmentOpened,
    /// When a form is sent.
    Submitted,
}

/// A link that a reader can follow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchor {
    /// The target as a browser would ask for it.
    pub target: String,
    /// The text that stands for it, spaces collapsed; empty for a picture.
    pub shown: String,
    /// Number of the part that holds it.
    pub part: u32,
}

/// What a page holds.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What loads, in order.
    pub loads: Vec<Load>,
    /// Links, in order.
    pub anchors: Vec<Anchor>,
    /// The text that a reader sees, a line a block.
    pub text: String,
    /// Text that is there and is not seen (preheaders, filler), spaces collapsed.
    pub hidden_text: String,
    /// The elements in order, each as a hash of its name and the names of its attributes; bounded.
    pub skeleton: Vec<u32>,
    /// Forms that ask for something.
    pub forms: u32,
    /// Scripts, event handlers and `javascript:` addresses.
    pub scripts: u32,
}

/// Where a page stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place<'a> {
    /// Number of the part.
    pub part: u32,
    /// When what it loads is loaded.
    pub fires: Fires,
    /// Its `Content-Location`, a base for addresses without one.
    pub location: Option<&'a str>,
}

/// Reads a page of HTML. Never fails: what no parser makes sense of holds nothing.
pub fn read(html: &str, place: &Place<'_>) -> Page {
    let base = place.location.and_then(|location| url::base(location, None));
    let mut page = read_in(html, place, 0, base.clone());
    // Old programs take no notice of these characters, even within a name.
    if html.contains('\0') {
        let other = read_in(&html.replace('\0', ""), place, 0, base);
        page.loads
            .extend(other.loads.into_iter().filter(|load| !page.loads.contains(load)).collect::<Vec<_>>());
    }
    page
}

fn read_in(html: &str, place: &Place<'_>, depth: usize, base: Option<::url::Url>) -> Page {
    walk::Walk::new(html, place, depth, base).run()
}

impl Page {
    /// Takes in what another page of the same message holds.
    pub fn join(&mut self, other: Self) {
        self.loads.extend(other.loads);
        self.anchors.extend(other.anchors);
        // The page stands for the plain text beside it.
        if !other.text.is_empty() {
            self.text = other.text;
        }
        self.hidden_text += &other.hidden_text;
        self.skeleton.extend(other.skeleton);
        self.forms += other.forms;
        self.scripts += other.scripts;
    }
}
