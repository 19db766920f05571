//! A way to break the project: what is done to its files, and what the build has to say.

/// A way to break the project.
pub(super) struct Way {
    /// What was done, as a sentence without its full stop.
    pub(super) title: &'static str,
    pub(super) edits: Vec<Edit>,
    pub(super) verdict: Verdict,
    /// The place that the message names, where no text is marked: a file as a whole, or a line of one that is no text.
    pub(super) place: Option<(&'static str, Option<usize>)>,
    /// How the message begins.
    pub(super) says: &'static str,
    /// What the advice contains.
    pub(super) advises: &'static str,
    /// Whether other things are wrong by it, of which the build tells too.
    pub(super) has_consequences: bool,
    /// Whether the project as it was before is a release that runs.
    pub(super) is_after_release: bool,
}

/// What the build does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It fails.
    Refused,
    /// It succeeds, and cargo shows a warning.
    Warned,
}

/// A change of one file. In new text, `«` and `»` stand around what the message has to underline.
pub(super) enum Edit {
    /// Other text instead of one that occurs once.
    Replace {
        file: &'static str,
        from: &'static str,
        to: &'static str,
    },
    /// A new file, or other content.
    Write {
        file: &'static str,
        text: Vec<u8>,
    },
    Remove {
        file: &'static str,
    },
}

impl Edit {
    pub(super) fn file(&self) -> &'static str {
        match self {
            Self::Replace { file, .. } | Self::Write { file, .. } | Self::Remove { file } => file,
        }
    }
}

/// A way with a title; what is done and what it comes to follows.
pub(super) fn way(title: &'static str) -> Way {
    Way {
        title,
        edits: Vec::new(),
        verdict: Verdict::Refused,
        place: None,
        says: "",
        advises: "",
        has_consequences: false,
        is_after_release: false,
    }
}

impl Way {
    pub(super) fn replace(self, file: &'static str, from: &'static str, to: &'static str) -> Self {
        self.edit(Edit::Replace { file, from, to })
    }

    pub(super) fn write(self, file: &'static str, text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref().to_vec();
        self.edit(Edit::Write { file, text })
    }

    pub(super) fn remove(self, file: &'static str) -> Self {
        self.edit(Edit::Remove { file })
    }

    fn edit(mut self, edit: Edit) -> Self {
        self.edits.push(edit);
        self
    }

    /// The message names the file, and no line of it.
    pub(super) fn names(mut self, file: &'static str) -> Self {
        self.place = Some((file, None));
        self
    }

    /// The message names a place in what is no text, and underlines so many characters.
    pub(super) fn underlines(mut self, place: &'static str, characters: usize) -> Self {
        self.place = Some((place, Some(characters)));
        self
    }

    /// Other things are wrong by it too.
    pub(super) fn with_consequences(mut self) -> Self {
        self.has_consequences = true;
        self
    }

    /// What the copy was before has been released, and the build is told.
    pub(super) fn after_release(mut self) -> Self {
        self.is_after_release = true;
        self
    }

    pub(super) fn refused(self, says: &'static str, advises: &'static str) -> Self {
        self.ends(Verdict::Refused, says, advises)
    }

    pub(super) fn warned(self, says: &'static str, advises: &'static str) -> Self {
        self.ends(Verdict::Warned, says, advises)
    }

    fn ends(mut self, verdict: Verdict, says: &'static str, advises: &'static str) -> Self {
        self.verdict = verdict;
        self.says = says;
        self.advises = advises;
        self
    }
}
