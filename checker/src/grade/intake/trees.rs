//! Which copy of the workbook in an upload counts. No I/O here.
//!
//! A *tree* is a directory that exercises lie in, at the paths that the curriculum gives them. An upload
//! should have one. If it has several, one counts if no other has other work in it; otherwise a person has
//! to decide.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::contents::{Contents, Stray};
use super::remark::{OtherHolds, Remark};
use super::upload::{Rules, Unreadable};
use crate::grade::taken::{Entry, Note, Reason, Sorter, Taken, Why};
use crate::judge::candidate::Sources;
use crate::workbook::curriculum::{Curriculum, Exercise};

/// More trees than this in one upload are several students'.
const MANY: usize = 2;

/// How many exercises must have other given files before the workbook is called another one.
const FEW: usize = 1;

/// How many paths a sentence names.
const NAMED: usize = 4;

/// What counts of an upload.
#[derive(Debug)]
pub(super) struct Chosen {
    /// The directory in the upload that the exercises lie in.
    pub(super) root: Option<PathBuf>,
    /// How many directories with exercises there are.
    pub(super) trees: usize,
    /// The exercises that are not as they were given.
    pub(super) work: BTreeSet<String>,
    pub(super) taken: Result<Taken, Unreadable>,
    pub(super) remarks: Vec<Remark>,
}

impl Chosen {
    /// Nothing counts, for this reason.
    pub(super) fn nothing(why: &str) -> Self {
        let (work, remarks) = (BTreeSet::new(), Vec::new());
        Self { root: None, trees: 0, work, taken: Err(Unreadable(why.to_owned())), remarks }
    }
}

struct Tree {
    root: PathBuf,
    taken: Taken,
    /// The exercises that are not as they were given.
    work: BTreeSet<String>,
}

/// Chooses the tree that counts.
pub(super) fn choose(contents: Contents, rules: &Rules<'_>) -> Chosen {
    let mut remarks = contents.remarks();
    if let Some(Unreadable(why)) = contents.failed {
        return Chosen { remarks, ..Chosen::nothing(&why) };
    }
    let strays = contents.strays;
    let trees = trees(contents.entries, rules);
    let count = trees.len();
    let mut tree = match one_of(trees, &mut remarks) {
        Ok(Some(tree)) => tree,
        Ok(None) => {
            let why = no_exercise(rules.curriculum, &strays, &remarks);
            return Chosen { remarks, ..Chosen::nothing(&why) };
        }
        Err(Unreadable(why)) => {
            return Chosen { remarks, trees: count, ..Chosen::nothing(&why) };
        }
    };
    leave_strays(&strays, &mut tree, &mut remarks);
    let Tree { root, mut taken, work } = tree;
    let taken = match version(&mut taken, rules.curriculum) {
        Some(remark) if rules.other_versions => {
            remarks.push(remark);
            Ok(taken)
        }
        Some(remark) => {
            Err(Unreadable(format!("{remark}; --other-versions judges it all the same")))
        }
        None => Ok(taken),
    };
    Chosen { root: Some(root), trees: count, work, taken, remarks }
}

/// The trees, the likeliest first.
fn trees(entries: BTreeMap<PathBuf, Entry>, rules: &Rules<'_>) -> Vec<Tree> {
    let curriculum = rules.curriculum;
    let roots = roots(curriculum, entries.keys().map(PathBuf::as_path));
    let mut sorters: BTreeMap<PathBuf, Sorter<'_>> =
        roots.into_iter().map(|root| (root, Sorter::new(curriculum, rules.pins))).collect();
    for (path, entry) in entries {
        match root_of(curriculum, &path) {
            Some(root) => {
                if let (Some(sorter), Ok(below)) =
                    (sorters.get_mut(&root), path.strip_prefix(&root))
                {
                    sorter.sort(below, entry);
                }
            }
            // It stands in the place of a directory above exercises.
            None => {
                for (root, sorter) in &mut sorters {
                    if let Ok(below) = path.strip_prefix(root) {
                        sorter.sort(below, entry.clone());
                    }
                }
            }
        }
    }
    let trees = sorters.into_iter().map(|(root, sorter)| Tree::new(root, sorter.finish(), rules));
    let mut trees: Vec<Tree> = trees.filter(Tree::has_exercises).collect();
    // The directory that is called so; among several the one that lies highest.
    trees.sort_by_key(|Tree { root, .. }| {
        (!root.ends_with("exercises"), root.components().count(), root.clone())
    });
    trees
}

impl Tree {
    fn new(root: PathBuf, taken: Taken, rules: &Rules<'_>) -> Self {
        let is_work = |exercise: &String, sources: &Sources| {
            let pins = rules.pins.get(exercise);
            !sources.iter().all(|(file, text)| pins.is_some_and(|it| it.is_stub(file, text)))
        };
        let work = taken.exercises.iter().filter(|(exercise, sources)| is_work(exercise, sources));
        let work = work.map(|(exercise, _)| exercise).chain(taken.unjudged.keys());
        Self { work: work.cloned().collect(), root, taken }
    }

    fn has_exercises(&self) -> bool {
        !self.taken.exercises.is_empty() || !self.taken.unjudged.is_empty()
    }

    fn name(&self) -> String {
        shown(&self.root)
    }

    fn has_the_work_of(&self, other: &Tree) -> bool {
        let same = |exercise: &String| {
            self.taken.exercises.get(exercise) == other.taken.exercises.get(exercise)
        };
        self.work == other.work && self.work.iter().all(same)
    }
}

/// A path in an upload, for a person.
pub(super) fn shown(path: &Path) -> String {
    if path.as_os_str().is_empty() { ".".to_owned() } else { path.display().to_string() }
}

/// The tree that counts, if there is one.
fn one_of(mut trees: Vec<Tree>, remarks: &mut Vec<Remark>) -> Result<Option<Tree>, Unreadable> {
    if trees.is_empty() {
        return Ok(None);
    }
    let names: Vec<String> = trees.iter().map(Tree::name).collect();
    if trees.len() > MANY {
        return Err(Unreadable(format!(
            "it has {} copies of the workbook: {}; if they are several students', name the directory that \
             these lie in, or each student's in a roster",
            names.len(),
            some_of(&names)
        )));
    }
    let first = trees.iter().position(|tree| !tree.work.is_empty()).unwrap_or(0);
    let taken = trees.remove(first);
    for other in trees {
        let holds = match () {
            () if other.work.is_empty() => OtherHolds::Stubs,
            () if other.has_the_work_of(&taken) => OtherHolds::TheSame,
            () => {
                return Err(Unreadable(format!(
                    "it has several copies of the workbook with different work in them: {}; name the one \
                     that counts in a roster",
                    some_of(&names)
                )));
            }
        };
        remarks.push(Remark::OtherTree { taken: taken.name(), other: other.name(), holds });
    }
    Ok(Some(taken))
}

/// The first names, and how many there are more.
fn some_of(names: &[String]) -> String {
    match names.len().checked_sub(NAMED) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..NAMED].join(", ")),
    }
}

fn no_exercise(curriculum: &Curriculum, strays: &[Stray], remarks: &[Remark]) -> String {
    let example = curriculum.exercises.first().map_or("", |it| it.directory.as_str());
    let mut why =
        format!("there is no exercise in it; expected directories like exercises/{example}");
    let strays = strays.iter().map(elsewhere);
    for remark in strays.chain(remarks.iter().cloned()).take(NAMED) {
        why.push_str(&format!("; {remark}"));
    }
    why
}

fn elsewhere(stray: &Stray) -> Remark {
    Remark::Elsewhere { exercise: stray.exercise.clone(), path: shown(&stray.path) }
}

/// Leaves the exercises for a person that are missing or as they were given, while there is something that
/// looks like them.
fn leave_strays(strays: &[Stray], tree: &mut Tree, remarks: &mut Vec<Remark>) {
    for stray in strays {
        if tree.work.insert(stray.exercise.clone()) {
            let remark = elsewhere(stray);
            tree.taken.leave(&stray.exercise, Reason::Submission(remark.to_string()));
            remarks.push(remark);
        }
    }
}

/// Whether the given files are another workbook's: then one sentence stands for all that differ.
fn version(taken: &mut Taken, curriculum: &Curriculum) -> Option<Remark> {
    let is_edited = |note: &Note| note.why == Why::Edited;
    let differs = |exercise: &&Exercise| {
        let directory = Path::new("exercises").join(&exercise.directory);
        taken
            .notes
            .iter()
            .any(|note| is_edited(note) && Path::new(&note.path).starts_with(&directory))
    };
    let differ = curriculum.exercises.iter().filter(differs).count();
    let of = taken.exercises.len() + taken.unjudged.len();
    let is_another = differ > FEW && differ * 2 > of;
    is_another.then(|| {
        taken.notes.retain(|note| !is_edited(note));
        Remark::OtherVersion { differ, of }
    })
}

/// The directories that exercises lie in: `exercises` of a fork, of an upload of one in a directory of its
/// own, or whatever holds the parts.
pub(super) fn roots<'p>(
    curriculum: &Curriculum,
    paths: impl Iterator<Item = &'p Path>,
) -> BTreeSet<PathBuf> {
    let all: BTreeSet<PathBuf> = paths.filter_map(|path| root_of(curriculum, path)).collect();
    // The reference solutions lie beside the exercises; alone, a directory of this name is the student's.
    let is_reference = |root: &PathBuf| {
        let beside = root.with_file_name("exercises");
        let above = root.parent().unwrap_or(Path::new(""));
        root.ends_with("solutions") && (all.contains(&beside) || all.contains(above))
    };
    all.iter().filter(|root| !is_reference(root)).cloned().collect()
}

fn root_of(curriculum: &Curriculum, path: &Path) -> Option<PathBuf> {
    let mut root = PathBuf::new();
    let mut rest = path.components();
    loop {
        let below = rest.as_path();
        if curriculum.exercises.iter().any(|it| below.starts_with(&it.directory)) {
            return Some(root);
        }
        match rest.next()? {
            Component::Normal(name) => root.push(name),
            _ => return None,
        }
    }
}
