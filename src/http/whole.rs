//! Whole numbers of bodies. JSON knows one kind of numbers: 30.0 is the whole number 30, and some clients write it so.

use std::fmt::{Formatter, Result as Written};

use serde::de::{Deserializer, Error, Unexpected, Visitor};

/// Beyond this a number with a fraction part may have been rounded before it came here.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A number that must be there; for `deserialize_with`.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    deserializer.deserialize_i64(Whole)
}

/// A number that may be null or missing; for `deserialize_with`, with `default`.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    deserializer.deserialize_option(MaybeWhole)
}

struct Whole;

impl Visitor<'_> for Whole {
    type Value = i64;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> Written {
        formatter.write_str("a whole number of at most 64 bits")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<i64, E> {
        match number.fract() == 0.0 && number.abs() < EXACT {
            true => Ok(number as i64),
            false => Err(E::invalid_type(Unexpected::Float(number), &self)),
        }
    }
}

struct MaybeWhole;

impl<'de> Visitor<'de> for MaybeWhole {
    type Value = Option<i64>;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> Written {
        Whole.expecting(formatter)
    }

    fn visit_none<E: Error>(self) -> Result<Option<i64>, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<i64>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<i64>, D::Error> {
        number(deserializer).map(Some)
    }
}
