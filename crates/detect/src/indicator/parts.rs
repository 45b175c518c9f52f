//! A STIX pattern, taken apart into what one event can fulfil and how such events combine.

use model::Time;
use rstix::pattern::{PatternAst, Span, parse_ast};

use super::combine::{Combination, MOST_SETS};
use super::comparison;
use super::load::Part;

/// What a pattern comes to.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// What one event fulfils: the pattern itself, or a member of its combination.
    pub(super) parts: Vec<Part>,
    pub(super) combination: Option<Combination<u32>>,
    /// Why some of it is not evaluated.
    pub(super) faults: Vec<String>,
    members: u32,
}

type Bounds = Option<(Time, Time)>;

/// Takes `pattern` apart.
pub(super) fn of(pattern: &str) -> Result<Parts, String> {
    check_depth(pattern)?;
    let ast = parse_ast(pattern).map_err(|error| error.to_string())?;
    let mut out = Parts::default();
    if let Err(fault) = out.alternatives(pattern, &ast, None) {
        out.faults.push(fault);
    }
    Ok(out)
}

/// Brackets that nest too deep would exhaust the stack of the parser.
fn check_depth(pattern: &str) -> Result<(), String> {
    const DEEPEST: u32 = 64;
    let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
    for byte in pattern.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'\'' => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(format!("its brackets nest deeper than {DEEPEST}"));
        }
    }
    Ok(())
}

/// Whether one event is enough.
fn is_single(ast: &PatternAst) -> bool {
    match ast {
        PatternAst::Observation(_) => true,
        PatternAst::Or { left, right, .. } => is_single(left) && is_single(right),
        PatternAst::And { .. } | PatternAst::FollowedBy { .. } => false,
        PatternAst::Repeats { inner, count, .. } => *count == 1 && is_single(inner),
        PatternAst::Within { inner, .. } | PatternAst::StartStop { inner, .. } => is_single(inner),
    }
}

impl Parts {
    /// What stands by itself or between ORs.
    fn alternatives(&mut self, pattern: &str, ast: &PatternAst, bounds: Bounds) -> Result<(), String> {
        match ast {
            PatternAst::Observation(one) => self.observation(pattern, one.span, bounds, None),
            PatternAst::Or { left, right, .. } => {
                for side in [left, right] {
                    if let Err(fault) = self.alternatives(pattern, side, bounds) {
                        self.faults.push(fault);
                    }
                }
                Ok(())
            }
            PatternAst::StartStop { inner, .. } => self.alternatives(pattern, inner, narrowed(ast, bounds)?),
            // One event lies within any span of time, and is there once.
            PatternAst::Within { inner, .. } if is_single(inner) => {
                micros(ast)?;
                self.alternatives(pattern, inner, bounds)
            }
            PatternAst::Repeats { inner, .. } if is_single(ast) => {
                times(pattern, ast)?;
                self.alternatives(pattern, inner, bounds)
            }
            _ => {
                let next = self.combined(pattern, ast, bounds)?;
                self.combination = Some(match self.combination.take() {
                    Some(before) => Combination::Or(Box::new((before, next))),
                    None => next,
                });
                Ok(())
            }
        }
    }

    fn observation(
        &mut self,
        pattern: &str,
        span: Span,
        bounds: Bounds,
        member: Option<u32>,
    ) -> Result<(), String> {
        // The span that the crate gives ends before the closing bracket.
        let span = pattern.get(span.start..span.end).unwrap_or_default();
        let inside = span.strip_prefix('[').ok_or("an observation has no brackets")?;
        let before = self.parts.len();
        let mut faults = Vec::new();
        for alternative in comparison::alternatives(inside)? {
            match alternative {
                Ok(what) => {
                    self.parts.extend(what.into_iter().map(|what| Part { what, bounds, member }));
                }
                Err(fault) => faults.push(fault),
            }
        }
        if self.parts.len() == before {
            return Err(faults.swap_remove(0));
        }
        self.faults.append(&mut faults);
        Ok(())
    }

    /// What asks for several events. What is taken of a part that fails is given back.
    fn combined(
        &mut self,
        pattern: &str,
        ast: &PatternAst,
        bounds: Bounds,
    ) -> Result<Combination<u32>, String> {
        let (parts, members) = (self.parts.len(), self.members);
        let combined = self.node(pattern, ast, bounds);
        if combined.is_err() {
            self.parts.truncate(parts);
            self.members = members;
        }
        combined
    }

    fn node(&mut self, pattern: &str, ast: &PatternAst, bounds: Bounds) -> Result<Combination<u32>, String> {
        let inner = |this: &mut Self, inner: &PatternAst| this.combined(pattern, inner, bounds).map(Box::new);
        Ok(match ast {
            PatternAst::Observation(one) => {
                let member = self.members;
                self.observation(pattern, one.span, bounds, Some(member))?;
                self.members += 1;
                Combination::Observation(member)
            }
            PatternAst::Or { left, right, .. } => {
                match (self.combined(pattern, left, bounds), self.combined(pattern, right, bounds)) {
                    (Ok(left), Ok(right)) => Combination::Or(Box::new((left, right))),
                    (Ok(one), Err(fault)) | (Err(fault), Ok(one)) => {
                        self.faults.push(fault);
                        one
                    }
                    (Err(fault), Err(_)) => return Err(fault),
                }
            }
            PatternAst::And { left, right, .. } => {
                let (left, right) = (*inner(self, left)?, *inner(self, right)?);
                Combination::And(Box::new((left, right)))
            }
            PatternAst::FollowedBy { left, right, .. } => {
                let (left, right) = (*inner(self, left)?, *inner(self, right)?);
                Combination::FollowedBy(Box::new((left, right)))
            }
            PatternAst::Within { inner: within, .. } => {
                let micros = micros(ast)?;
                Combination::Within(inner(self, within)?, micros)
            }
            PatternAst::Repeats { inner: repeated, .. } => match times(pattern, ast)? {
                1 => *inner(self, repeated)?,
                times => Combination::Repeats(inner(self, repeated)?, times),
            },
            PatternAst::StartStop { inner, .. } => self.combined(pattern, inner, narrowed(ast, bounds)?)?,
        })
    }
}

/// The bounds within a `START … STOP …`.
fn narrowed(ast: &PatternAst, bounds: Bounds) -> Result<Bounds, String> {
    let PatternAst::StartStop { start, stop, .. } = ast else { return Ok(bounds) };
    let time = |stamp: &rstix::core::StixTimestamp| {
        Time::parse(&stamp.to_rfc3339()).map_err(|error| error.to_string())
    };
    let (start, stop) = (time(start)?, time(stop)?);
    if start >= stop {
        return Err(format!("START {start} is not before STOP {stop}"));
    }
    Ok(Some(bounds.map_or((start, stop), |(first, last)| (start.max(first), stop.min(last)))))
}

/// The span of a `WITHIN`, in microseconds.
fn micros(ast: &PatternAst) -> Result<i64, String> {
    let PatternAst::Within { duration, .. } = ast else { return Ok(i64::MAX) };
    // The crate gives no name to the type of the unit. STIX 2.1 has seconds alone.
    let unit = match format!("{:?}", duration.unit).as_str() {
        "Seconds" => 1.0,
        "Minutes" => 60.0,
        "Hours" => 3_600.0,
        "Days" => 86_400.0,
        other => return Err(format!("WITHIN counts seconds, not {}", other.to_lowercase())),
    };
    let seconds = duration.value * unit;
    if !(seconds.is_finite() && seconds > 0.0) {
        return Err(format!("WITHIN asks for {seconds} seconds"));
    }
    Ok((seconds * 1e6) as i64)
}

/// How often a `REPEATS` asks for what stands before it.
fn times(pattern: &str, ast: &PatternAst) -> Result<usize, String> {
    let PatternAst::Repeats { span, .. } = ast else { return Ok(1) };
    // Of the number that the crate gives, what does not fit into 32 bits is cut.
    let said = pattern.get(span.start..span.end).unwrap_or_default().split_whitespace().nth(1);
    match said.and_then(|said| said.parse::<usize>().ok()) {
        Some(times @ 1..=MOST_SETS) => Ok(times),
        _ => Err(format!("REPEATS asks for {} times; 1 to {MOST_SETS} are counted", said.unwrap_or("no"))),
    }
}
