//! The examples of docs/clusters.md: what an engine would run is run here, with its variables set by hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rstest::rstest;
use saphyr::{LoadableYamlNode, YamlOwned};

use crate::class::Class;
use crate::miniature::Finished;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/examples");

/// How many parts the examples have.
const PARTS: usize = 3;

fn example(name: &str) -> PathBuf {
    Path::new(EXAMPLES).join(name)
}

fn yaml(name: &str) -> YamlOwned {
    let text = fs::read_to_string(example(name)).unwrap();
    let mut documents = YamlOwned::load_from_str(&text).unwrap();
    assert_eq!(documents.len(), 1, "{name}");
    documents.remove(0)
}

fn list(node: &YamlOwned) -> &[YamlOwned] {
    node.as_sequence().expect("a list")
}

fn text(node: &YamlOwned) -> &str {
    node.as_str().expect("a text")
}

/// A shell and its arguments, and the variables that the engine's file sets.
struct Script {
    command: Vec<String>,
    variables: BTreeMap<String, String>,
}

impl Script {
    fn of(command: &[&str]) -> Self {
        let command = command.iter().map(|it| (*it).to_owned()).collect();
        Self { command, variables: BTreeMap::new() }
    }

    fn with(mut self, variables: &[(&str, &str)]) -> Self {
        let owned = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        self.variables.extend(owned);
        self
    }

    /// The step `name` of a job, as GitHub's runner starts it.
    fn of_step(job: &str, name: &str) -> Self {
        let workflow = yaml("grade.yml");
        let steps = list(&workflow["jobs"][job]["steps"]);
        let is_asked = |step: &&YamlOwned| {
            step.as_mapping_get("name").and_then(|it| it.as_str()) == Some(name)
        };
        let step = steps.iter().find(is_asked).unwrap_or_else(|| panic!("no step {name}"));
        let parts = workflow["env"]["PARTS"].as_integer().unwrap().to_string();
        Self::of(&["bash", "-e", "-c", text(&step["run"])]).with(&[("PARTS", &parts)])
    }

    /// The container of a Job, as the kubelet starts it.
    fn of_job(name: &str) -> Self {
        let job = yaml(name);
        let container = &job["spec"]["template"]["spec"]["containers"][0];
        let words = list(&container["command"]).iter().chain(list(&container["args"]));
        let command: Vec<&str> = words.map(text).collect();
        let variables: Vec<(&str, &str)> = list(&container["env"])
            .iter()
            .map(|variable| (text(&variable["name"]), text(&variable["value"])))
            .collect();
        Self::of(&command).with(&variables)
    }

    fn run(&self, directory: &Path) -> Finished {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).current_dir(directory).stdin(Stdio::null());
        command.envs(&self.variables).env("CARGO_NET_OFFLINE", "true");
        Finished::of(command.output().unwrap())
    }
}

/// Slurm's script and Kubernetes' containers take their places from the environment; GitHub's steps run in
/// the checkout, which has the submissions in it. So all of them are given the workbook's directory.
fn grade_part(engine: &str, part: usize, root: &str) -> Script {
    let (part, index) = (part.to_string(), (part - 1).to_string());
    match engine {
        "github" => Script::of_step("part", "Grade").with(&[("PART", &part)]),
        "slurm" => slurm("grade.sbatch", root).with(&[("SLURM_ARRAY_TASK_ID", &part)]),
        _ => Script::of_job("grade-job.yaml")
            .with(&[("GRADING", root), ("JOB_COMPLETION_INDEX", &index)]),
    }
}

fn merge(engine: &str, root: &str) -> Script {
    match engine {
        "github" => Script::of_step("merge", "Merge"),
        "slurm" => slurm("merge.sbatch", root),
        _ => Script::of_job("merge-job.yaml").with(&[("GRADING", root)]),
    }
}

fn slurm(name: &str, root: &str) -> Script {
    let (submissions, results) = (format!("{root}/submissions"), format!("{root}/results"));
    Script::of(&["bash", example(name).to_str().unwrap()]).with(&[
        ("WORKBOOK", root),
        ("SUBMISSIONS", &submissions),
        ("RESULTS", &results),
        ("PARTS", &PARTS.to_string()),
    ])
}

#[rstest]
fn the_example_grades_as_one_machine_does(#[values("github", "slurm", "kubernetes")] engine: &str) {
    let class = Class::new();
    // One in each part: see the tests of merging.
    class.student("ada", "right", Some("wrong_answer"));
    class.student("fay", "compile_error", None);
    class.student("hal", "right", Some("right"));
    let alone = class.grade(&[]);
    assert_eq!(alone.code, Some(0), "{alone:?}");
    if alone.complaint().contains("layers of isolation are missing")
        || alone.stdout.contains("layers of isolation are missing")
    {
        eprintln!("skipped: the examples refuse to grade without isolation");
        return;
    }
    let root = class.workbook.root().to_str().unwrap();
    fs::create_dir_all(format!("{root}/target/debug")).unwrap();
    let checker = format!("{root}/target/debug/checker");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_checker"), checker).unwrap();
    fs::rename(class.submissions(), format!("{root}/submissions")).unwrap();

    for part in [3, 1] {
        let finished = grade_part(engine, part, root).run(class.workbook.root());
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
    // A part that was lost is no smaller class.
    let lost = merge(engine, root).run(class.workbook.root());
    assert_eq!(lost.code, Some(2), "{lost:?}");
    assert!(lost.complaint().contains("results/part-2: there are no results"), "{lost:?}");
    assert!(!Path::new(&format!("{root}/results/merged")).exists());

    let finished = grade_part(engine, 2, root).run(class.workbook.root());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let merged = merge(engine, root).run(class.workbook.root());
    assert_eq!(merged.code, Some(0), "{merged:?}");
    let gradebook = |path: &str| fs::read_to_string(Path::new(path).join("gradebook.csv")).unwrap();
    let whole = gradebook(class.out().to_str().unwrap());
    assert_eq!(gradebook(&format!("{root}/results/merged")), whole);
}

#[test]
fn every_number_of_parts_in_an_example_is_the_same() {
    let workflow = yaml("grade.yml");
    let matrix = list(&workflow["jobs"]["part"]["strategy"]["matrix"]["part"]);
    let parts: Vec<i64> = matrix.iter().map(|part| part.as_integer().unwrap()).collect();
    assert_eq!(parts, (1..=PARTS as i64).collect::<Vec<_>>());
    assert_eq!(workflow["env"]["PARTS"].as_integer(), Some(PARTS as i64));
    let job = yaml("grade-job.yaml");
    assert_eq!(job["spec"]["completions"].as_integer(), Some(PARTS as i64));
    assert_eq!(text(&job["spec"]["completionMode"]), "Indexed");
    for name in ["grade-job.yaml", "merge-job.yaml"] {
        assert_eq!(Script::of_job(name).variables["PARTS"], PARTS.to_string(), "{name}");
    }
}

#[test]
fn the_workflow_may_only_read_and_its_actions_are_pinned() {
    let workflow = yaml("grade.yml");
    let permissions = workflow["permissions"].as_mapping().unwrap();
    assert_eq!(permissions.len(), 1);
    assert_eq!(text(&workflow["permissions"]["contents"]), "read");
    for job in ["part", "merge"] {
        let steps = list(&workflow["jobs"][job]["steps"]);
        for uses in steps.iter().filter_map(|step| step.as_mapping_get("uses")) {
            let version = text(uses).split_once("@v").unwrap().1;
            assert_eq!(version.split('.').count(), 3, "{} is not pinned", text(uses));
        }
    }
}

#[rstest]
fn the_shell_reads_every_script(
    #[values("docs/examples/grade.sbatch", "docs/examples/merge.sbatch", "checker/tests/slurm.sh")]
    path: &str,
) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    // A locale that is not installed would be warned of.
    let finished = Script::of(&["env", "LC_ALL=C", "bash", "-n", path]).run(root);
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
}
