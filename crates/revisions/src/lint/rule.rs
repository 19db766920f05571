//! What a rule is: a name, what it guards, how grave it is, and what to do instead. Which there are is in `rules.rs`.

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It is not shown.
    Allow,
    /// It is shown.
    Warn,
    /// It is refused.
    Deny,
}

impl Level {
    /// As it is written in settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }

    /// The level of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let all = [Self::Allow, Self::Warn, Self::Deny];
        all.into_iter().find(|level| level.name() == name)
    }
}

/// What a rule guards. `Locks`, `Data` and `Clients` do not matter to a table that the revision itself makes, nor to an empty
/// database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guards {
    /// Those who wait for a lock.
    Locks,
    /// The rows.
    Data,
    /// The programs that use the schema as it was.
    Clients,
    /// The script and the schema themselves.
    Form,
    /// The release before, while it still runs. No text shows that: a build that is given that release judges it.
    Release,
}

impl Guards {
    /// In a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Locks => "locks",
            Self::Data => "data",
            Self::Clients => "clients",
            Self::Form => "form",
            Self::Release => "release",
        }
    }
}

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// Its level unless a project says otherwise.
    pub level: Level,
    /// What it guards.
    pub guards: Guards,
    /// Whether it is one of squawk's.
    pub is_squawks: bool,
    /// What to do instead.
    pub remedy: &'static str,
}
