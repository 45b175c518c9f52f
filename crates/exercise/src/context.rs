use crate::catalogue::Catalogue;
use crate::honest::Honest;
use crate::world::World;

/// What everything that writes a record looks up.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// Who and what there is.
    pub world: &'a World,
    /// The kinds of Windows events.
    pub catalogue: &'a Catalogue,
    /// What honest machines do.
    pub honest: &'a Honest,
}
