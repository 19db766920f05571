//! Dates and times of bodies and queries. A refusal shows how one is written, where chrono would say what it stumbled over.

use std::fmt::{Formatter, Result as Written};
use std::marker::PhantomData;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use serde::de::{Deserializer, Error, Unexpected, Visitor};

/// A date or a time that may be null or missing; for `deserialize_with`, with `default`.
pub(super) fn optional<'de, T: Moment, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_option(Maybe(PhantomData))
}

/// The same where null is told from what is missing; for `deserialize_with`, with `default`.
pub(super) fn present<'de, T: Moment, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    optional(deserializer).map(Some)
}

/// What is written as text in one way.
pub(super) trait Moment: FromStr {
    /// That way, by an example.
    const FORM: &'static str;
}

impl Moment for NaiveDate {
    const FORM: &'static str = "a date such as 1990-12-31";
}

impl Moment for DateTime<Utc> {
    const FORM: &'static str = "a time such as 2026-01-31T00:00:00Z";
}

struct Text<T>(PhantomData<T>);

impl<T: Moment> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> Written {
        formatter.write_str(T::FORM)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse()
            .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

struct Maybe<T>(PhantomData<T>);

impl<'de, T: Moment> Visitor<'de> for Maybe<T> {
    type Value = Option<T>;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> Written {
        formatter.write_str(T::FORM)
    }

    fn visit_none<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_str(Text(PhantomData)).map(Some)
    }
}
