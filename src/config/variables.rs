//! Reading variables one by one, and remembering all that is wrong with them, so that a person mends
//! them in one go. What the variables mean is the business of the settings.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

/// Every variable with a bad value, a line each.
#[derive(Debug, thiserror::Error)]
#[error("the settings cannot be used:\n{}", problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n"))]
pub struct SettingsError {
    problems: Vec<String>,
}

/// A set of variables that is being read.
pub struct Variables {
    values: BTreeMap<String, String>,
    problems: Vec<String>,
}

impl Variables {
    /// The environment of this process. A variable that is empty counts as unset.
    pub fn of_process() -> Self {
        let values = std::env::vars_os()
            .filter_map(|(name, value)| {
                Some((
                    name.into_string().ok()?,
                    value.to_string_lossy().into_owned(),
                ))
            })
            .collect();
        Self::new(values)
    }

    /// Any set of variables.
    pub fn new(values: BTreeMap<String, String>) -> Self {
        Self {
            values,
            problems: Vec::new(),
        }
    }

    /// The settings, if nothing was wrong.
    pub(super) fn finish<T>(self, settings: T) -> Result<T, SettingsError> {
        if self.problems.is_empty() {
            Ok(settings)
        } else {
            Err(SettingsError {
                problems: self.problems,
            })
        }
    }

    /// Remembers that a variable is refused. `found` never shows the value of a secret.
    pub(super) fn refuse(&mut self, name: &str, found: &str, allowed: &str) {
        let problem = format!("{name} {found}: allowed is {allowed}");
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Takes what another reader of the environment found, or remembers what it refused.
    pub(super) fn accept<T, E: std::fmt::Display>(
        &mut self,
        result: Result<Option<T>, E>,
    ) -> Option<T> {
        result.unwrap_or_else(|error| {
            let problem = error.to_string();
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
            None
        })
    }

    /// All variables whose names begin with something, in lower case.
    pub(super) fn beginning_with(&self, beginning: &str) -> Vec<(String, String)> {
        let values = self.values.iter();
        let values = values.map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
        values
            .filter(|(name, value)| name.starts_with(beginning) && !value.is_empty())
            .collect()
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.values
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
    }

    pub(super) fn parse<T: FromStr>(&mut self, name: &str, default: T, allowed: &str) -> T {
        let Some(text) = self.text(name) else {
            return default;
        };
        text.parse().unwrap_or_else(|_| {
            self.refuse(name, &format!("is {text:?}"), allowed);
            default
        })
    }

    pub(super) fn number(&mut self, name: &str, default: u64, allowed: RangeInclusive<u64>) -> u64 {
        let Some(text) = self.text(name) else {
            return default;
        };
        match text.parse() {
            Ok(number) if allowed.contains(&number) => number,
            _ => {
                let range = format!(
                    "a whole number from {} to {}",
                    allowed.start(),
                    allowed.end()
                );
                self.refuse(name, &format!("is {text:?}"), &range);
                default
            }
        }
    }

    pub(super) fn seconds(
        &mut self,
        name: &str,
        default: u64,
        allowed: RangeInclusive<u64>,
    ) -> Duration {
        Duration::from_secs(self.number(name, default, allowed))
    }

    pub(super) fn milliseconds(
        &mut self,
        name: &str,
        default: u64,
        allowed: RangeInclusive<u64>,
    ) -> Duration {
        Duration::from_millis(self.number(name, default, allowed))
    }

    pub(super) fn switch(&mut self, name: &str, default: bool) -> bool {
        let Some(text) = self.text(name) else {
            return default;
        };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => true,
            "false" | "0" | "no" | "off" => false,
            _ => {
                self.refuse(name, &format!("is {text:?}"), "true or false");
                default
            }
        }
    }

    pub(super) fn list<T>(
        &mut self,
        name: &str,
        allowed: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let Some(text) = self.text(name) else {
            return Vec::new();
        };
        let mut items = Vec::new();
        for item in text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            match read(item) {
                Some(item) => items.push(item),
                None => self.refuse(name, &format!("has {item:?}"), allowed),
            }
        }
        items
    }
}
