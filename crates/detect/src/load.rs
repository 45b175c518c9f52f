//! From rule files to a rule set.

use std::collections::HashMap;
use std::sync::Arc;

use model::{Level, RuleInfo};
use rsigma_parser::{
    ConditionExpr, ConditionOperator, CorrelationCondition, CorrelationRule, CorrelationType, FilterRule,
    FilterRuleTarget, LogSource, Quantifier, SelectorPattern, SigmaRule,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::lower::{self, LowerError};
use crate::rule::{
    Bound, Correlation, Measure, Member, Node, Placeholders, Rejected, Rule, RuleSet, RuleSource, Seen,
    Target, Threshold,
};

/// Reads rules one file at a time and joins them to a [`RuleSet`].
///
/// Nothing stops it: what cannot be used is kept in [`RuleSet::rejected`] with its file, line and
/// reason. Of two rules with one id the one that was added later counts.
#[derive(Debug, Default)]
pub struct Loader {
    placeholders: Placeholders,
    rules: Vec<(Source, SigmaRule)>,
    correlations: Vec<(Source, CorrelationRule)>,
    filters: Vec<(Source, FilterRule)>,
    rejected: Vec<Rejected>,
    remarks: Vec<Rejected>,
    hash: Sha256,
}

#[derive(Clone, Debug)]
struct Source {
    path: String,
    line: u32,
    /// The file, so that a reason found later can still be given its line.
    text: Arc<str>,
}

impl Source {
    fn reject(&self, title: &str, reason: impl ToString) -> Rejected {
        Rejected {
            source: self.path.clone(),
            line: self.line,
            title: title.to_owned(),
            reason: shortened(reason.to_string()),
        }
    }

    /// Whether `other` stands in the same file and has its id from a document that serves several.
    fn shares_globals(&self, other: &Self) -> bool {
        self.path == other.path && self.text.lines().any(|line| line.trim_end() == "action: global")
    }

    /// As [`Source::reject`], at the line below the title that holds what the error is about.
    fn reject_at(&self, title: &str, error: &LowerError) -> Rejected {
        let mut out = self.reject(title, error);
        let culprit = error.culprit();
        let below = self.text.lines().enumerate().skip(self.line as usize);
        if let Some((line, _)) = below.into_iter().find(|(_, line)| line.contains(culprit)) {
            out.line = line as u32 + 1;
        }
        out
    }
}

/// The custom attribute `portcullis:` of a rule.
#[derive(Debug, Default, Deserialize)]
struct Ours {
    #[serde(default)]
    door: Option<String>,
    #[serde(default)]
    exposes: Vec<model::Measure>,
}

impl Loader {
    /// A loader that fills the placeholders of `expand` from `placeholders`.
    pub fn new(placeholders: Placeholders) -> Self {
        let mut hash = Sha256::new();
        for (name, values) in &placeholders {
            hash.update(format!("%{name}%{values:?}\n"));
        }
        Self { placeholders, hash, ..Self::default() }
    }

    /// Reads the YAML documents of one file. `source` is how messages call it.
    pub fn add(&mut self, source: &str, yaml: &str) {
        self.hash.update(source.as_bytes());
        self.hash.update([0]);
        self.hash.update(yaml.as_bytes());
        self.hash.update([0]);
        if looks_like_rule(yaml) {
            self.add_document(source, yaml);
        } else {
            let source = Source { path: source.to_owned(), line: 1, text: Arc::default() };
            self.remarks.push(source.reject("", "skipped: a YAML file that is no Sigma rule"));
        }
    }

    /// Reads what is known to be meant as rules.
    pub(crate) fn add_document(&mut self, source: &str, yaml: &str) {
        let text: Arc<str> = yaml.into();
        let at = |line| Source { path: source.to_owned(), line, text: Arc::clone(&text) };
        if let Some(line) = too_deep(yaml) {
            let reason = format!("more than {DEEPEST} brackets are open here");
            self.rejected.push(at(line).reject(&title_of(yaml), reason));
            return;
        }
        let parsed = match rsigma_parser::parse_sigma_yaml(yaml) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.rejected.push(at(line_of(&error.to_string(), yaml)).reject(&title_of(yaml), error));
                return;
            }
        };
        for error in parsed.errors {
            self.rejected.push(at(line_of(&error, yaml)).reject(&title_of(yaml), error));
        }
        self.rules.extend(parsed.rules.into_iter().map(|rule| (at(line_with(yaml, &rule.title)), rule)));
        self.correlations
            .extend(parsed.correlations.into_iter().map(|rule| (at(line_with(yaml, &rule.title)), rule)));
        self.filters.extend(parsed.filters.into_iter().map(|rule| (at(line_with(yaml, &rule.title)), rule)));
    }

    /// Says that a file could not be read at all.
    pub fn unreadable(&mut self, source: &str, reason: &str) {
        let source = Source { path: source.to_owned(), line: 0, text: Arc::default() };
        self.rejected.push(source.reject("", reason));
    }

    /// Joins what was read.
    pub fn finish(mut self) -> RuleSet {
        self.drop_earlier_twins();
        let mut set = RuleSet { sha256: model::hex(&self.hash.finalize_reset()), ..RuleSet::default() };
        let conditions = self.conditions();
        for ((source, rule), condition) in std::mem::take(&mut self.rules).into_iter().zip(conditions) {
            match condition {
                Ok(condition) => set.rules.push(detection_rule(&source, rule, condition)),
                Err(error) => self.rejected.push(source.reject_at(&rule.title, &error)),
            }
        }
        self.join_correlations(&mut set);
        set.rejected = self.rejected;
        set.remarks = self.remarks;
        set
    }

    fn drop_earlier_twins(&mut self) {
        let mut last: HashMap<String, usize> = HashMap::new();
        let mut keep = vec![true; self.rules.len()];
        for (place, (source, rule)) in self.rules.iter().enumerate() {
            let Some(id) = &rule.id else { continue };
            if let Some(earlier) = last.insert(id.to_lowercase(), place) {
                let (earlier_source, earlier_rule) = &self.rules[earlier];
                if source.shares_globals(earlier_source) {
                    continue;
                }
                keep[earlier] = false;
                let reason = format!("has the id {id} of a later rule in {}, which counts", source.path);
                self.remarks.push(earlier_source.reject(&earlier_rule.title, reason));
            }
        }
        let mut keep = keep.into_iter();
        self.rules.retain(|_| keep.next().unwrap_or(true));
    }

    /// The condition of every detection rule, with the filters that apply to it.
    fn conditions(&mut self) -> Vec<Result<Node, LowerError>> {
        let mut filters = Vec::new();
        for (source, filter) in &self.filters {
            match lower::condition(&filter.detection, &self.placeholders) {
                Ok(condition) => filters.push((filter, condition)),
                Err(error) => self.rejected.push(source.reject_at(&filter.title, &error)),
            }
        }
        let mut out = Vec::new();
        for (_, rule) in &self.rules {
            let condition = lower::condition(&rule.detection, &self.placeholders).map(|condition| {
                let mut all = vec![condition];
                all.extend(
                    filters
                        .iter()
                        .filter(|(filter, _)| filters_rule(filter, rule))
                        .map(|(_, excluded)| excluded.clone()),
                );
                if all.len() == 1 { all.remove(0) } else { Node::All(all) }
            });
            out.push(condition);
        }
        out
    }

    fn join_correlations(&mut self, set: &mut RuleSet) {
        let mut names: HashMap<String, Vec<Target>> = HashMap::new();
        for (place, rule) in set.rules.iter().enumerate() {
            for name in
                [Some(&rule.info.id), rule.name.as_ref(), Some(&rule.info.title)].into_iter().flatten()
            {
                let targets = names.entry(name.clone()).or_default();
                if !targets.contains(&Target::Rule(place as u32)) {
                    targets.push(Target::Rule(place as u32));
                }
            }
        }
        // A correlation may refer to one that stands further down: repeat until nothing is added.
        let mut waiting = std::mem::take(&mut self.correlations);
        loop {
            let before = waiting.len();
            let mut still = Vec::new();
            for (source, rule) in waiting {
                if rule.rules.iter().all(|name| names.contains_key(name)) {
                    self.join_correlation(set, &mut names, &source, rule);
                } else {
                    still.push((source, rule));
                }
            }
            if still.len() == before || still.is_empty() {
                for (source, rule) in still {
                    let missing: Vec<&str> = rule
                        .rules
                        .iter()
                        .filter(|name| !names.contains_key(*name))
                        .map(String::as_str)
                        .collect();
                    let reason = format!("refers to {}, which is not loaded", missing.join(", "));
                    self.rejected.push(source.reject(&rule.title, reason));
                }
                return;
            }
            waiting = still;
        }
    }

    fn join_correlation(
        &mut self,
        set: &mut RuleSet,
        names: &mut HashMap<String, Vec<Target>>,
        source: &Source,
        rule: CorrelationRule,
    ) {
        match correlation(set, names, source, &rule) {
            Ok(correlation) => {
                let target = Target::Correlation(set.correlations.len() as u32);
                for name in
                    [Some(&correlation.info.id), correlation.name.as_ref(), Some(&correlation.info.title)]
                        .into_iter()
                        .flatten()
                {
                    names.entry(name.clone()).or_default().push(target);
                }
                set.correlations.push(correlation);
            }
            Err(reason) => self.rejected.push(source.reject(&rule.title, reason)),
        }
    }
}

/// Of what a parser says of a rule that is nothing but brackets, the beginning is enough.
fn shortened(mut reason: String) -> String {
    const LONGEST: usize = 600;
    if reason.len() > LONGEST {
        reason.truncate(reason.floor_char_boundary(LONGEST));
        reason.push('…');
    }
    reason
}

/// Open brackets of flow style; the parser's own bound on nesting is far below, but it is asked only
/// after work that grows with the square of the depth.
const DEEPEST: usize = 500;

/// The line where more than [`DEEPEST`] brackets are open. Brackets within texts count as well: to
/// tell them apart takes a parser, and no rule has so many without their counterparts.
fn too_deep(yaml: &str) -> Option<u32> {
    let mut open = 0_usize;
    let deepest = yaml.bytes().position(|byte| {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > DEEPEST
    })?;
    Some(memchr::memchr_iter(b'\n', yaml.as_bytes().get(..deepest)?).count() as u32 + 1)
}

/// A file that says `detection:`, `correlation:` or `filter:` at the beginning of a line means to be
/// a rule.
fn looks_like_rule(yaml: &str) -> bool {
    yaml.lines().any(|line| ["detection:", "correlation:", "filter:"].iter().any(|key| line.starts_with(key)))
}

fn title_of(yaml: &str) -> String {
    yaml.lines()
        .find_map(|line| line.strip_prefix("title:"))
        .map(|title| title.trim().trim_matches(['\'', '"']).to_owned())
        .unwrap_or_default()
}

/// The line that a parser's message names, else that of the section it speaks of.
fn line_of(message: &str, yaml: &str) -> u32 {
    if let Some((_, rest)) = message.split_once("line ") {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        if let Ok(line) = digits.parse() {
            return line;
        }
    }
    ["condition", "timeframe", "correlation", "logsource", "detection", "title"]
        .iter()
        .filter(|key| message.to_lowercase().contains(*key))
        .find_map(|key| line_where(yaml, |line| line.trim_start().starts_with(&format!("{key}:"))))
        .unwrap_or(1)
}

fn line_with(yaml: &str, title: &str) -> u32 {
    line_where(yaml, |line| line.starts_with("title:") && line.contains(title)).unwrap_or(1)
}

fn line_where(yaml: &str, holds: impl Fn(&str) -> bool) -> Option<u32> {
    yaml.lines().position(holds).map(|place| place as u32 + 1)
}

fn filters_rule(filter: &FilterRule, rule: &SigmaRule) -> bool {
    let named = match &filter.rules {
        FilterRuleTarget::Any => true,
        FilterRuleTarget::Specific(names) => names.iter().any(|name| {
            rule.id.as_deref() == Some(name) || rule.name.as_deref() == Some(name) || rule.title == *name
        }),
    };
    let within = |filter: &Option<String>, rule: &Option<String>| filter.is_none() || filter == rule;
    named
        && filter.logsource.as_ref().is_none_or(|source| {
            within(&source.product, &rule.logsource.product)
                && within(&source.category, &rule.logsource.category)
                && within(&source.service, &rule.logsource.service)
        })
}

fn ours(attributes: &HashMap<String, yaml_serde::Value>) -> Ours {
    attributes
        .get("portcullis")
        .and_then(|value| yaml_serde::from_value(value.clone()).ok())
        .unwrap_or_default()
}

/// The door that a rule guards: as it says, else the first folder below the folder of rules.
fn door(ours: &Ours, logsource: Option<&LogSource>) -> String {
    ours.door
        .clone()
        .or_else(|| logsource.and_then(|source| source.product.clone().or_else(|| source.category.clone())))
        .unwrap_or_else(|| "other".to_owned())
}

fn level(level: Option<rsigma_parser::Level>) -> Option<Level> {
    level.and_then(|level| level.as_str().parse().ok())
}

fn one_line(text: Option<&String>) -> String {
    text.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default()
}

fn detection_rule(source: &Source, rule: SigmaRule, condition: Node) -> Rule {
    let ours = ours(&rule.custom_attributes);
    Rule {
        door: door(&ours, Some(&rule.logsource)),
        info: RuleInfo {
            id: rule.id.clone().unwrap_or_else(|| format!("name:{}", rule.title)),
            title: rule.title.clone(),
            level: level(rule.level),
            tags: rule.tags.clone(),
            author: one_line(rule.author.as_ref()),
            source: source.path.clone(),
            description: one_line(rule.description.as_ref()),
            falsepositives: rule.falsepositives.clone(),
            references: rule.references.clone(),
            exposes: ours.exposes,
        },
        name: rule.name,
        logsource: RuleSource {
            product: rule.logsource.product.map(|text| text.to_lowercase()),
            category: rule.logsource.category.map(|text| text.to_lowercase()),
            service: rule.logsource.service.map(|text| text.to_lowercase()),
        },
        reports: true,
        inputs: Vec::new(),
        condition,
    }
}

fn correlation(
    set: &mut RuleSet,
    names: &HashMap<String, Vec<Target>>,
    source: &Source,
    rule: &CorrelationRule,
) -> Result<Correlation, String> {
    let ours = ours(&rule.custom_attributes);
    let measured = match &rule.condition {
        CorrelationCondition::Threshold { field, .. } => field.clone().unwrap_or_default(),
        CorrelationCondition::Extended(_) => Vec::new(),
    };
    let mut out = Correlation {
        info: RuleInfo {
            id: rule.id.clone().unwrap_or_else(|| format!("name:{}", rule.title)),
            title: rule.title.clone(),
            level: level(rule.level),
            tags: rule.tags.clone(),
            author: one_line(rule.author.as_ref()),
            source: source.path.clone(),
            description: one_line(rule.description.as_ref()),
            falsepositives: rule.falsepositives.clone(),
            references: rule.references.clone(),
            exposes: ours.exposes.clone(),
        },
        name: rule.name.clone(),
        door: door(&ours, None),
        reports: true,
        depth: 0,
        group_by: rule.group_by.clone(),
        inputs: Vec::new(),
        measured: measured.clone(),
        measure: measure(rule, &measured)?,
        members: Vec::new(),
        span: i64::try_from(rule.timespan.seconds).unwrap_or(i64::MAX / 2_000_000).saturating_mul(1_000_000),
        threshold: threshold(rule)?,
    };
    let span_is_usable = out.span > 0 && rule.window == rsigma_parser::WindowMode::Sliding;
    if !span_is_usable {
        return Err("only a sliding window of more than zero seconds is part of Sigma 2.1".to_owned());
    }
    for (place, name) in rule.rules.iter().enumerate() {
        for &target in names.get(name).into_iter().flatten() {
            let field = |field: &String| alias(rule, name, field);
            let group: Vec<String> = rule.group_by.iter().map(field).collect();
            let values: Vec<String> = measured.iter().map(field).collect();
            let member = Member {
                target,
                place: place as u32,
                group: group.iter().map(|field| input(set, target, field)).collect(),
                values: values.iter().map(|field| input(set, target, field)).collect(),
            };
            out.depth = out.depth.max(depth_above(set, target));
            silence(set, target, rule.generate);
            out.members.push(member);
        }
    }
    // What the rule says is exposed, the finding shows of its last event.
    let shown = ours.exposes.iter().flat_map(|measure| measure.fields.iter().map(String::as_str));
    for field in shown {
        if !out.inputs.iter().any(|known| known == field) {
            out.inputs.push(field.to_owned());
            for target in out.targets().collect::<Vec<_>>() {
                input(set, target, field);
            }
        }
    }
    Ok(out)
}

fn alias(rule: &CorrelationRule, name: &str, field: &str) -> String {
    rule.aliases
        .iter()
        .find(|alias| alias.alias == field)
        .and_then(|alias| alias.mapping.get(name))
        .cloned()
        .unwrap_or_else(|| field.to_owned())
}

/// The place of `field` among the inputs that `target` carries, added when it is new there. A
/// correlation carries what its own members carry.
fn input(set: &mut RuleSet, target: Target, field: &str) -> u32 {
    let inputs = match target {
        Target::Rule(place) => &mut set.rules[place as usize].inputs,
        Target::Correlation(place) => &mut set.correlations[place as usize].inputs,
    };
    if let Some(place) = inputs.iter().position(|found| found == field) {
        return place as u32;
    }
    inputs.push(field.to_owned());
    let place = inputs.len() as u32 - 1;
    if let Target::Correlation(correlation) = target {
        let members: Vec<Target> = set.correlations[correlation as usize].targets().collect();
        for member in members {
            input(set, member, field);
        }
    }
    place
}

fn depth_above(set: &RuleSet, target: Target) -> u32 {
    match target {
        Target::Rule(_) => 0,
        Target::Correlation(place) => set.correlations[place as usize].depth + 1,
    }
}

fn silence(set: &mut RuleSet, target: Target, generate: bool) {
    match target {
        Target::Rule(place) => set.rules[place as usize].reports &= generate,
        Target::Correlation(place) => set.correlations[place as usize].reports &= generate,
    }
}

fn measure(rule: &CorrelationRule, measured: &[String]) -> Result<Measure, String> {
    let percentile = match &rule.condition {
        CorrelationCondition::Threshold { percentile, .. } => percentile.unwrap_or(50).min(100) as u32,
        CorrelationCondition::Extended(_) => 50,
    };
    let measure = match rule.correlation_type {
        CorrelationType::EventCount => return Ok(Measure::EventCount),
        CorrelationType::Temporal => return Ok(Measure::Temporal),
        CorrelationType::TemporalOrdered => return Ok(Measure::TemporalOrdered),
        CorrelationType::ValueCount => Measure::ValueCount,
        CorrelationType::ValueSum => Measure::ValueSum,
        CorrelationType::ValueAvg => Measure::ValueAvg,
        CorrelationType::ValuePercentile => Measure::ValuePercentile(percentile),
        CorrelationType::ValueMedian => Measure::ValueMedian,
    };
    if measured.is_empty() {
        return Err(format!("{} needs “field” in its condition", rule.correlation_type.as_str()));
    }
    Ok(measure)
}

fn threshold(rule: &CorrelationRule) -> Result<Threshold, String> {
    match &rule.condition {
        CorrelationCondition::Threshold { predicates, .. } => Ok(Threshold::Bounds(
            predicates
                .iter()
                .map(|&(operator, bound)| match operator {
                    ConditionOperator::Lt => Bound::Below(bound),
                    ConditionOperator::Lte => Bound::AtMost(bound),
                    ConditionOperator::Gt => Bound::Above(bound),
                    ConditionOperator::Gte => Bound::AtLeast(bound),
                    ConditionOperator::Eq => Bound::Equal(bound),
                    ConditionOperator::Neq => Bound::Unequal(bound),
                })
                .collect(),
        )),
        CorrelationCondition::Extended(expr) => Ok(Threshold::Seen(seen(expr, &rule.rules)?)),
    }
}

fn seen(expr: &ConditionExpr, rules: &[String]) -> Result<Seen, String> {
    let all =
        |exprs: &[ConditionExpr]| exprs.iter().map(|expr| seen(expr, rules)).collect::<Result<Vec<_>, _>>();
    Ok(match expr {
        ConditionExpr::And(exprs) => Seen::All(all(exprs)?),
        ConditionExpr::Or(exprs) => Seen::Any(all(exprs)?),
        ConditionExpr::Not(expr) => Seen::Not(Box::new(seen(expr, rules)?)),
        ConditionExpr::Identifier(name) => Seen::Rule(
            rules
                .iter()
                .position(|rule| rule == name)
                .ok_or_else(|| format!("the condition names “{name}”, which “rules” does not list"))?
                as u32,
        ),
        ConditionExpr::Selector { quantifier, pattern } => {
            let prefix = match pattern {
                SelectorPattern::Them => "",
                SelectorPattern::Pattern(pattern) => pattern.trim_end_matches('*'),
            };
            let places: Vec<Seen> = (0..rules.len())
                .filter(|&place| rules[place].starts_with(prefix))
                .map(|place| Seen::Rule(place as u32))
                .collect();
            match quantifier {
                Quantifier::Any => Seen::Any(places),
                Quantifier::All => Seen::All(places),
                Quantifier::Count(count) => Seen::AtLeast(u32::try_from(*count).unwrap_or(u32::MAX), places),
            }
        }
    })
}
