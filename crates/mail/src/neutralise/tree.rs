//! A page as the tree that `html5ever` makes of it, within bounds.

use std::borrow::Cow;
use std::cell::{Cell, Ref, RefCell};

use html5ever::interface::{ElemName, ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::TreeBuilderOpts;
use html5ever::{Attribute, LocalName, Namespace, ParseOpts, QualName, parse_document};

/// Bytes that the parser gets at once; bounds are looked at between two pieces.
const PIECE: usize = 512;
/// Elements and texts of one page.
const NODES: usize = 300_000;
/// Browsers flatten what lies deeper than 512.
const DEPTH: u32 = 1024;
/// Questions that the parser asks while it walks its stacks; a deep page asks many for each tag.
const WORK: u64 = 20_000_000;
/// Characters between which attributes may stand, without a tag coming to its end: the parser compares
/// each attribute of a tag with all before it.
const SEPARATORS: usize = 20_000;

/// What a node is.
#[derive(Debug)]
pub(super) enum Data {
    Document,
    Element { name: QualName, attributes: Vec<(String, String)>, contents: Option<u32> },
    Text(String),
    Comment(String),
}

#[derive(Debug)]
struct Node {
    data: Data,
    depth: u32,
    parent: Option<u32>,
    first: Option<u32>,
    last: Option<u32>,
    before: Option<u32>,
    after: Option<u32>,
}

/// The tree of a page.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// How browsers lay it out: as their forerunners did, or by the standard.
    pub(super) quirks: QuirksMode,
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: Vec::new(), quirks: QuirksMode::NoQuirks }
    }
}

/// A step of a walk.
pub(super) enum Step<'t> {
    Enter(&'t Data),
    Leave(&'t Data),
}

impl Tree {
    /// What `html` is to a browser; `None` where it is beyond the bounds.
    pub(super) fn read(html: &str, scripting: bool) -> Option<Self> {
        let sink = Sink { tree: RefCell::new(Self::default()), ..Sink::default() };
        sink.create(Data::Document);
        let opts = ParseOpts {
            tree_builder: TreeBuilderOpts { scripting_enabled: scripting, ..TreeBuilderOpts::default() },
            ..ParseOpts::default()
        };
        let mut parser = parse_document(sink, opts);
        let mut separators = 0;
        let mut rest = html;
        while !rest.is_empty() {
            let piece = &rest[..rest.floor_char_boundary(PIECE)];
            rest = &rest[piece.len()..];
            let sink = &parser.tokenizer.sink.sink;
            let seen = sink.tree.borrow().nodes.len();
            parser.process(StrTendril::from_slice(piece));
            let sink = &parser.tokenizer.sink.sink;
            if sink.tree.borrow().nodes.len() > seen {
                separators = 0;
            } else {
                separators += piece
                    .bytes()
                    .filter(|byte| {
                        matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'/' | b'"' | b'\'')
                    })
                    .count();
            }
            if sink.beyond.get() || sink.work.get() > WORK || seen > NODES || separators > SEPARATORS {
                return None;
            }
        }
        let sink = parser.finish();
        (!sink.beyond.get()).then(|| sink.tree.into_inner())
    }

    /// Calls `step` on entering and leaving each node, contents of templates included. What `step` says
    /// no to on entering is not entered.
    pub(super) fn walk<'t>(&'t self, mut step: impl FnMut(Step<'t>) -> bool) {
        let mut todo = vec![(0_u32, false)];
        while let Some((place, done)) = todo.pop() {
            let node = &self.nodes[place as usize];
            if done {
                step(Step::Leave(&node.data));
                continue;
            }
            if !step(Step::Enter(&node.data)) {
                continue;
            }
            todo.push((place, true));
            let from = todo.len();
            if let Data::Element { contents: Some(contents), .. } = &node.data {
                todo.push((*contents, false));
            }
            let mut child = node.first;
            while let Some(at) = child {
                todo.push((at, false));
                child = self.nodes[at as usize].after;
            }
            todo[from..].reverse();
        }
    }

    fn detach(&mut self, place: u32) {
        let node = &mut self.nodes[place as usize];
        let (parent, before, after) = (node.parent.take(), node.before.take(), node.after.take());
        let Some(parent) = parent else { return };
        match before {
            Some(before) => self.nodes[before as usize].after = after,
            None => self.nodes[parent as usize].first = after,
        }
        match after {
            Some(after) => self.nodes[after as usize].before = before,
            None => self.nodes[parent as usize].last = before,
        }
    }

    fn attach(&mut self, parent: u32, before: Option<u32>, place: u32) {
        self.detach(place);
        let previous = match before {
            Some(before) => self.nodes[before as usize].before.replace(place),
            None => self.nodes[parent as usize].last.replace(place),
        };
        match previous {
            Some(previous) => self.nodes[previous as usize].after = Some(place),
            None => self.nodes[parent as usize].first = Some(place),
        }
        let depth = self.nodes[parent as usize].depth + 1;
        let node = &mut self.nodes[place as usize];
        (node.parent, node.before, node.after, node.depth) = (Some(parent), previous, before, depth);
    }
}

/// Makes a tree of what the parser says.
#[derive(Default)]
struct Sink {
    tree: RefCell<Tree>,
    work: Cell<u64>,
    beyond: Cell<bool>,
}

impl Sink {
    fn create(&self, data: Data) -> u32 {
        let nodes = &mut self.tree.borrow_mut().nodes;
        nodes.push(Node { data, depth: 0, parent: None, first: None, last: None, before: None, after: None });
        nodes.len() as u32 - 1
    }

    fn worked(&self) {
        self.work.set(self.work.get() + 1);
    }

    /// Puts `child` into `parent`, before `before` or at its end; text joins text.
    fn place(&self, parent: u32, before: Option<u32>, child: NodeOrText<u32>) {
        self.worked();
        let place = match child {
            NodeOrText::AppendNode(place) => place,
            NodeOrText::AppendText(text) => {
                let mut tree = self.tree.borrow_mut();
                let previous = match before {
                    Some(before) => tree.nodes[before as usize].before,
                    None => tree.nodes[parent as usize].last,
                };
                if let Some(previous) = previous
                    && let Data::Text(all) = &mut tree.nodes[previous as usize].data
                {
                    all.push_str(&text);
                    return;
                }
                drop(tree);
                self.create(Data::Text(text.into()))
            }
        };
        let mut tree = self.tree.borrow_mut();
        tree.attach(parent, before, place);
        if tree.nodes[place as usize].depth > DEPTH {
            self.beyond.set(true);
        }
    }
}

fn plain(attributes: Vec<Attribute>) -> Vec<(String, String)> {
    let name = |name: &QualName| match &name.prefix {
        Some(prefix) if !prefix.is_empty() => format!("{prefix}:{}", name.local),
        _ => name.local.to_string(),
    };
    attributes.into_iter().map(|one| (name(&one.name), String::from(one.value))).collect()
}

/// The name of an element of a tree.
#[derive(Debug)]
struct Name<'a>(Ref<'a, QualName>);

impl ElemName for Name<'_> {
    fn ns(&self) -> &Namespace {
        &self.0.ns
    }
    fn local_name(&self) -> &LocalName {
        &self.0.local
    }
}

/// Never a node's name: the parser promises to ask elements alone.
static NONE: std::sync::LazyLock<QualName> =
    std::sync::LazyLock::new(|| QualName::new(None, Namespace::from(""), LocalName::from("")));

impl TreeSink for Sink {
    type Handle = u32;
    type Output = Self;
    type ElemName<'a> = Name<'a>;

    fn finish(self) -> Self {
        self
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> u32 {
        0
    }

    fn elem_name<'a>(&'a self, target: &'a u32) -> Name<'a> {
        self.worked();
        Name(Ref::map(self.tree.borrow(), |tree| match &tree.nodes[*target as usize].data {
            Data::Element { name, .. } => name,
            _ => &*NONE,
        }))
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, flags: ElementFlags) -> u32 {
        let contents = flags.template.then(|| self.create(Data::Document));
        self.create(Data::Element { name, attributes: plain(attributes), contents })
    }

    fn create_comment(&self, text: StrTendril) -> u32 {
        self.create(Data::Comment(text.into()))
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> u32 {
        self.create(Data::Comment(format!("?{target} {data}")))
    }

    fn append(&self, parent: &u32, child: NodeOrText<u32>) {
        self.place(*parent, None, child);
    }

    fn append_based_on_parent_node(&self, element: &u32, previous: &u32, child: NodeOrText<u32>) {
        let parent = self.tree.borrow().nodes[*element as usize].parent;
        match parent {
            Some(parent) => self.place(parent, Some(*element), child),
            None => self.place(*previous, None, child),
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, target: &u32) -> u32 {
        match &self.tree.borrow().nodes[*target as usize].data {
            Data::Element { contents: Some(contents), .. } => *contents,
            _ => *target,
        }
    }

    fn same_node(&self, one: &u32, other: &u32) -> bool {
        self.worked();
        one == other
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.tree.borrow_mut().quirks = mode;
    }

    fn append_before_sibling(&self, sibling: &u32, child: NodeOrText<u32>) {
        let parent = self.tree.borrow().nodes[*sibling as usize].parent;
        if let Some(parent) = parent {
            self.place(parent, Some(*sibling), child);
        }
    }

    fn add_attrs_if_missing(&self, target: &u32, more: Vec<Attribute>) {
        let mut tree = self.tree.borrow_mut();
        let Data::Element { attributes, .. } = &mut tree.nodes[*target as usize].data else { return };
        for (name, value) in plain(more) {
            self.work.set(self.work.get() + attributes.len() as u64);
            if !attributes.iter().any(|(known, _)| *known == name) {
                attributes.push((name, value));
            }
        }
    }

    fn remove_from_parent(&self, target: &u32) {
        self.tree.borrow_mut().detach(*target);
    }

    fn reparent_children(&self, node: &u32, parent: &u32) {
        let mut tree = self.tree.borrow_mut();
        while let Some(child) = tree.nodes[*node as usize].first {
            self.worked();
            tree.attach(*parent, None, child);
        }
    }

    fn allow_declarative_shadow_roots(&self, _: &u32) -> bool {
        false
    }
}
