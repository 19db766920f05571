//! What the build script has said, taken out of what cargo shows of it.

/// A refusal or a warning, as the build script has written it.
pub(super) struct Message {
    pub(super) text: String,
}

impl Message {
    /// What a build script that failed has written on its standard error, which cargo indents.
    pub(super) fn of_refusal(said: &str) -> Result<Self, String> {
        let (_, shown) = said
            .split_once("--- stderr\n")
            .ok_or("cargo shows no error of the build script")?;
        let indented = shown
            .lines()
            .take_while(|line| line.is_empty() || line.starts_with("  "));
        let lines: Vec<&str> = indented
            .map(|line| line.strip_prefix("  ").unwrap_or(line))
            .collect();
        let text = lines.join("\n").trim_end().to_owned();
        match text.strip_prefix("error: ") {
            Some(text) => Ok(Self {
                text: text.to_owned(),
            }),
            None => Err("what cargo shows does not begin with `error: `".to_owned()),
        }
    }

    /// What a build script has had cargo warn of.
    pub(super) fn of_warning(said: &str) -> Result<Self, String> {
        let prefix = format!("warning: divine-whispers@{}: ", env!("CARGO_PKG_VERSION"));
        let lines: Vec<&str> = said
            .lines()
            .filter_map(|line| line.strip_prefix(&prefix))
            .collect();
        if lines.is_empty() {
            return Err("cargo shows no warning of the build script".to_owned());
        }
        Ok(Self {
            text: lines.join("\n"),
        })
    }

    /// The sentence with what is wrong.
    pub(super) fn first_line(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    /// `FILE:LINE:COLUMN` or `FILE`, the first of them where there are several; empty if there is none.
    pub(super) fn place(&self) -> &str {
        let arrow = |line: &'_ str| line.trim_start().starts_with("--> ");
        let line = self.text.lines().find(|line| arrow(line));
        line.map_or("", |line| line.trim_start().trim_start_matches("--> "))
    }

    /// How many characters are underlined; none if no line is shown.
    pub(super) fn underlined(&self) -> Option<usize> {
        let carets = |line: &str| {
            let (_, shown) = line.split_once(" | ")?;
            let shown = shown.trim_start();
            (!shown.is_empty() && shown.bytes().all(|byte| byte == b'^')).then_some(shown.len())
        };
        self.text.lines().find_map(carets)
    }

    /// What to do: all lines of the help, in one.
    pub(super) fn advice(&self) -> String {
        let mut advice: Vec<&str> = Vec::new();
        for line in self.text.lines() {
            match line.trim_start().strip_prefix("= help: ") {
                Some(first) if advice.is_empty() => advice.push(first),
                Some(_) => break,
                None if line.is_empty() => {}
                None if advice.is_empty() => {}
                None if line.starts_with("    ") => advice.push(line.trim()),
                None => break,
            }
        }
        advice.join("; ")
    }

    /// Whether it is about one thing.
    pub(super) fn is_alone(&self) -> bool {
        !self.text.contains("\nerror: ") && self.text.matches("= help: ").count() == 1
    }
}
