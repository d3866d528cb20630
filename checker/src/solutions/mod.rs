//! What `solutions/` holds of an exercise: the reference, right alternatives, and known-wrong solutions.
//!
//! ```text
//! solutions/02_locks_and_keys/03_semaphore/
//!     semaphore.rs           the reference
//!     alternatives/NAME.rs   right, in another style
//!     wrong/NAME.patch       one mistake, as a difference from the reference or an alternative
//!     wrong/NAME.rs          one mistake in a design of its own
//! ```

mod declaration;
pub mod degenerate;
mod kind;
pub mod not_applicable;
mod patch;
mod rebase;
mod solved;
mod wrong_file;

use std::path::{Path, PathBuf};

use crate::Error;
use crate::judge::candidate::Sources;
use crate::system::files;
use crate::workbook::Workbook;
use crate::workbook::curriculum::Exercise;

pub use declaration::{Declaration, Play, without_declaration};
pub use degenerate::Degenerate;
pub use kind::Kind;
pub use patch::{lines_of_formatting, patch_text};
pub use rebase::{Rebased, rebase};
pub use solved::{references, write_solved};
pub use wrong_file::WrongFile;

/// The solutions of one exercise.
#[derive(Debug)]
pub struct Solutions<'a> {
    exercise: &'a Exercise,
    directory: PathBuf,
}

/// A right solution in another style than the reference's.
#[derive(Debug, Clone)]
pub struct Alternative {
    /// Its file's name without the extension.
    pub name: String,
    /// What it lays on the exercise.
    pub sources: Sources,
}

/// A known-wrong solution that can be judged.
#[derive(Debug, Clone)]
pub struct Wrong {
    /// What it says of itself.
    pub declaration: Declaration,
    /// What it lays on the exercise.
    pub sources: Sources,
}

impl<'a> Solutions<'a> {
    /// The solutions of this exercise; a workbook may come without them.
    pub fn new(workbook: &Workbook, exercise: &'a Exercise) -> Self {
        Self { exercise, directory: workbook.solution_path(exercise) }
    }

    /// Whether this copy of the workbook has them.
    pub fn are_there(&self) -> bool {
        self.directory.is_dir()
    }

    /// Where the reference of a file that the learner edits lies: `src/semaphore.rs` is `semaphore.rs`.
    pub fn reference_path(&self, edited: &Path) -> PathBuf {
        self.directory.join(edited.strip_prefix("src").unwrap_or(edited))
    }

    /// The reference.
    pub fn reference(&self) -> Result<Sources, Error> {
        let read = |file: &PathBuf| Ok((file.clone(), files::read(&self.reference_path(file))?));
        self.exercise.edit.iter().map(read).collect()
    }

    /// The right solutions in other styles, in the order of their names.
    pub fn alternatives(&self) -> Result<Vec<Alternative>, Error> {
        let mut alternatives = Vec::new();
        for path in files::files_below(&self.directory.join("alternatives"))? {
            let text = files::read(&self.directory.join("alternatives").join(&path))?;
            alternatives.push(Alternative { name: name(&path), sources: self.with(text)? });
        }
        Ok(alternatives)
    }

    /// The known-wrong solutions, in the order of their names.
    pub fn wrong_files(&self) -> Result<Vec<WrongFile>, Error> {
        let mut found = Vec::new();
        for path in files::files_below(&self.directory.join("wrong"))? {
            let path = Path::new("wrong").join(path);
            let text = files::read(&self.directory.join(&path))?;
            found.push(WrongFile { name: name(&path), path, text });
        }
        Ok(found)
    }

    /// The known-wrong solution of this name.
    pub fn wrong_file(&self, name: &str) -> Result<Option<WrongFile>, Error> {
        Ok(self.wrong_files()?.into_iter().find(|file| file.name == name))
    }

    /// The kinds of mistakes that the known-wrong solutions declare; what is amiss with one is told when it is judged.
    pub fn kinds_tried(&self) -> Result<Vec<Kind>, Error> {
        let declared = self.wrong_files()?.into_iter().map(|file| Declaration::from_file(&file));
        Ok(declared.flatten().map(|declaration| declaration.kind).collect())
    }

    /// A known-wrong solution as it is judged, or what is amiss with its file.
    pub fn wrong(&self, file: &WrongFile) -> Result<Result<Wrong, String>, Error> {
        let declaration = match Declaration::from_file(file) {
            Ok(declaration) => declaration,
            Err(problem) => return Ok(Err(problem)),
        };
        let text = if file.is_patch() {
            let Some(base) = self.base(&declaration)? else {
                let against = declaration.against.unwrap_or_default();
                return Ok(Err(format!("there is no alternatives/{against}.rs to apply it to")));
            };
            match patch::applied(&base, &file.text) {
                Ok(text) => text,
                Err(problem) => return Ok(Err(problem)),
            }
        } else {
            file.text.clone()
        };
        Ok(Ok(Wrong { declaration, sources: self.with(text)? }))
    }

    /// The first known-wrong solution that says how it is played, without what it says of itself.
    pub fn to_play(&self) -> Result<Option<(Play, Sources)>, Error> {
        for file in self.wrong_files()? {
            let Ok(Wrong { declaration, mut sources }) = self.wrong(&file)? else { continue };
            let Some(play) = declaration.play else { continue };
            for text in sources.values_mut() {
                *text = without_declaration(text).to_owned();
            }
            return Ok(Some((play, sources)));
        }
        Ok(None)
    }

    /// What a patch is a difference from: the reference, or the alternative that it names.
    pub fn base(&self, declaration: &Declaration) -> Result<Option<String>, Error> {
        match &declaration.against {
            None => Ok(Some(files::read(&self.reference_path(&self.exercise.edit[0]))?)),
            Some(name) => files::read_if_there(&self.alternative_path(name)),
        }
    }

    /// Where an alternative lies.
    pub fn alternative_path(&self, name: &str) -> PathBuf {
        self.directory.join("alternatives").join(format!("{name}.rs"))
    }

    /// Where a known-wrong solution's patch lies.
    pub fn patch_path(&self, name: &str) -> PathBuf {
        self.directory.join("wrong").join(format!("{name}.patch"))
    }

    /// The exercise's directory among the solutions.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The reference with another text in place of the first file that the learner edits.
    fn with(&self, text: String) -> Result<Sources, Error> {
        let mut sources = match self.exercise.edit.len() {
            1 => Sources::new(),
            _ => self.reference()?,
        };
        sources.insert(self.exercise.edit[0].clone(), text);
        Ok(sources)
    }
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
