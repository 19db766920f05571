//! Texts that people type: trimmed, of bounded length, without control characters.

/// A text that is not empty, within a length in characters, and has no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<const MAX: usize>(String);

/// Why a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Longer than allowed.
    #[error("must have at most {0} characters")]
    TooLong(usize),
    /// A control character; PostgreSQL cannot store NUL, and the others hide things from readers.
    #[error("must not contain control characters")]
    ControlCharacter,
}

impl<const MAX: usize> Text<MAX> {
    /// How long it may be, with the white space around it.
    pub const MAX_CHARACTERS: usize = MAX;

    /// Checks a text and trims it.
    ///
    /// # Errors
    /// If it is empty, too long, or has a control character other than a tab or a line break.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        // What is sent counts, not what is left of it: so the document can say it.
        if text.chars().count() > MAX {
            return Err(TextError::TooLong(MAX));
        }
        let text = text.trim();
        if text.is_empty() {
            Err(TextError::Empty)
        } else if text
            .chars()
            .any(|character| character.is_control() && !matches!(character, '\t' | '\n' | '\r'))
        {
            Err(TextError::ControlCharacter)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a transaction is for: a description or a reason.
pub type Description = Text<500>;
/// What the payment provider calls a payment.
pub type ReferenceId = Text<255>;
/// How a deposit was paid.
pub type PaymentMethod = Text<50>;
/// A name or a place.
pub type Label = Text<200>;
/// How long the name of a kind of jobs may be.
pub const MAX_JOB_TYPE_CHARACTERS: usize = 100;

/// Kind of a job: lower-case letters, digits and underscores.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobType(String);

/// A name that no kind of job can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {MAX_JOB_TYPE_CHARACTERS} lower-case letters, digits and underscores")]
pub struct JobTypeError;

impl JobType {
    /// Checks a name.
    ///
    /// # Errors
    /// If it is empty, longer than 100, or has other characters.
    pub fn parse(text: &str) -> Result<Self, JobTypeError> {
        let is_allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if (1..=MAX_JOB_TYPE_CHARACTERS).contains(&text.len()) && text.bytes().all(is_allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(JobTypeError)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
