//! What a browser's parser (`html5ever`, tree and all) makes elements of.

use std::borrow::Cow;
use std::cell::RefCell;

use html5ever::interface::{ElemName, ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::TreeBuilderOpts;
use html5ever::{Attribute, LocalName, Namespace, ParseOpts, QualName, local_name, ns};

/// A number for each node; of elements, the name.
type Node = (usize, QualName);

#[derive(Default)]
struct Elements {
    made: RefCell<Vec<(QualName, Vec<Attribute>)>>,
    nodes: RefCell<usize>,
}

impl Elements {
    fn node(&self, name: QualName) -> Node {
        *self.nodes.borrow_mut() += 1;
        (*self.nodes.borrow(), name)
    }
}

fn nameless() -> QualName {
    QualName::new(None, ns!(), local_name!(""))
}

#[derive(Debug)]
struct Called<'a>(&'a QualName);

impl ElemName for Called<'_> {
    fn ns(&self) -> &Namespace {
        &self.0.ns
    }

    fn local_name(&self) -> &LocalName {
        &self.0.local
    }
}

impl TreeSink for Elements {
    type Handle = Node;
    type Output = Vec<(QualName, Vec<Attribute>)>;
    type ElemName<'a> = Called<'a>;

    fn finish(self) -> Self::Output {
        self.made.into_inner()
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Node {
        (0, nameless())
    }

    fn elem_name<'a>(&'a self, node: &'a Node) -> Called<'a> {
        Called(&node.1)
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Node {
        self.made.borrow_mut().push((name.clone(), attributes));
        self.node(name)
    }

    fn create_comment(&self, _: StrTendril) -> Node {
        self.node(nameless())
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Node {
        self.node(nameless())
    }

    fn append(&self, _: &Node, _: NodeOrText<Node>) {}

    fn append_based_on_parent_node(&self, _: &Node, _: &Node, _: NodeOrText<Node>) {}

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, node: &Node) -> Node {
        node.clone()
    }

    fn same_node(&self, one: &Node, other: &Node) -> bool {
        one.0 == other.0
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, _: &Node, _: NodeOrText<Node>) {}

    fn add_attrs_if_missing(&self, node: &Node, attributes: Vec<Attribute>) {
        self.made.borrow_mut().push((node.1.clone(), attributes));
    }

    fn remove_from_parent(&self, _: &Node) {}

    fn reparent_children(&self, _: &Node, _: &Node) {}
}

/// Addresses on `x.example` that the elements of `html` load.
pub(super) fn loads(html: &str, scripting_enabled: bool) -> Vec<String> {
    let tree_builder = TreeBuilderOpts { scripting_enabled, ..TreeBuilderOpts::default() };
    let options = ParseOpts { tree_builder, ..ParseOpts::default() };
    let elements = html5ever::parse_document(Elements::default(), options).one(html);
    let loading = |element: &str, attribute: &str| {
        matches!(
            (element, attribute),
            ("img" | "image" | "input", "src")
                | ("link" | "image" | "use", "href")
                | ("video", "poster")
                | ("body", "background")
                | ("object", "data")
        )
    };
    let mut urls = Vec::new();
    for (name, attributes) in elements {
        let value = |wanted: &str| attributes.iter().find(|a| &*a.name.local == wanted).map(|a| &*a.value);
        let is_named = match &*name.local {
            "input" => value("type") == Some("image"),
            "link" => value("rel") == Some("stylesheet"),
            // The standard takes one for the other.
            "image" => value("src").is_none() || name.ns == ns!(html),
            _ => true,
        };
        for attribute in attributes.iter().filter(|a| is_named && loading(&name.local, &a.name.local)) {
            let clean = attribute.value.starts_with("http://x.example/");
            if let Ok(url) = ::url::Url::parse(&attribute.value)
                && clean
            {
                urls.push(url.into());
            }
        }
    }
    urls
}
