//! The JSON document, checked against `docs/report.schema.json`.

use checker::report::formats::json_report;
use serde_json::Value;

use crate::fixture::{Class, Graded, HOSTILE, assert_harmless};

const SCHEMA: &str = include_str!("../../../docs/report.schema.json");

fn document(class: Class) -> Value {
    let text = json_report::document("Shopfloor", &Graded::new(class).gradebook());
    assert_harmless(&text);
    let document: Value = serde_json::from_str(&text).unwrap();
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    check(&document, &schema, &schema, "the document");
    document
}

/// The part of JSON Schema (2020-12) that the schema is written in; another keyword is an error.
fn check(value: &Value, schema: &Value, root: &Value, place: &str) {
    for (keyword, rule) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$schema" | "$id" | "title" | "description" | "$defs" => {}
            "$ref" => {
                let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
                check(value, root.pointer(pointer).unwrap(), root, place);
            }
            "const" => assert_eq!(value, rule, "{place}"),
            "enum" => assert!(rule.as_array().unwrap().contains(value), "{place}: {value}"),
            "type" => {
                let types = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                let is = |kind: &Value| has_type(value, kind.as_str().unwrap());
                assert!(types.iter().any(is), "{place}: {value} is not {rule}");
            }
            "minimum" if value.is_null() => {}
            "minimum" => assert!(value.as_f64() >= rule.as_f64(), "{place}"),
            "items" => {
                for (index, item) in value.as_array().unwrap().iter().enumerate() {
                    check(item, rule, root, &format!("{place}[{index}]"));
                }
            }
            "anyOf" => {
                // One of them is null, in this schema.
                let other =
                    rule.as_array().unwrap().iter().find(|it| it["type"] != "null").unwrap();
                if !value.is_null() {
                    check(value, other, root, place);
                }
            }
            "required" => {
                for key in rule.as_array().unwrap() {
                    assert!(value.get(key.as_str().unwrap()).is_some(), "{place} lacks {key}");
                }
            }
            "properties" => {
                for (key, item) in value.as_object().unwrap() {
                    let rule = rule.get(key).unwrap_or_else(|| panic!("{place}: {key} is unknown"));
                    check(item, rule, root, &format!("{place}.{key}"));
                }
            }
            "additionalProperties" => assert_eq!(rule, false, "unknown keys are refused"),
            keyword => panic!("the schema uses {keyword}, which is not checked"),
        }
    }
}

fn has_type(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        kind => panic!("type {kind} is not checked"),
    }
}

#[test]
fn everything_that_is_known_is_in_it() {
    let document = document(Class::new());
    assert_eq!(document["points_possible"], 8.0);
    let bob = &document["students"][1];
    assert_eq!((&bob["student"], &bob["points"]), (&"bob".into(), &1.66.into()));
    assert!(bob["remarks"][0].as_str().unwrap().contains("marks it as late"), "{bob}");
    assert_eq!(bob["no_effect"][0]["path"], "exercises/␛x.rs");
    let tests = bob["results"][0]["tests"].as_array().unwrap();
    assert_eq!(tests.len(), 4, "each test is there: {tests:?}");
    assert_eq!(tests[1]["message"], "expected: one\nseen:     two");
    assert_eq!(tests[1]["place"]["line"], 25);
    assert_eq!(document["students"][2]["results"][1]["verdict"], "forged");
    assert_eq!(document["students"][3]["unreadable"], crate::fixture::UNREADABLE);
    let zoe = &document["students"][5];
    assert_eq!(document["students"][0]["results"][0]["alike"][0], "eve");
    let hal = &document["students"][6];
    assert_eq!((hal["open"].as_u64(), &hal["points"]), (Some(1), &3.0.into()));
    assert_eq!(hal["results"][0]["verdict"], "unjudged");
    assert!(hal["results"][0]["points"].is_null(), "{hal}");
    assert_eq!((zoe["open"].as_u64(), zoe["results"].as_array().unwrap().len()), (Some(1), 1));
}

#[test]
fn hostile_text_is_shown_and_thirty_megabytes_are_whole() {
    let hostile = &document(Class::new())["students"][4];
    assert!(hostile["student"].as_str().unwrap().contains("]]>␀␛[31m"), "{HOSTILE:?}");
    let endless = document(Class::endless());
    let message = &endless["students"][0]["results"][0]["tests"][1]["message"];
    assert!(message.as_str().unwrap().len() > 30 << 20);
}
