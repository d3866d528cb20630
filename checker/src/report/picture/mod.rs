//! Timelines as a picture: one SVG file that needs nothing else, for light and for dark pages.
//!
//! Time runs down, but only as an order: a row is one step. Each process and thread is a vertical
//! line with its steps beside it.

mod panel;
mod style;

use std::fmt::Write;

use tracer::Timeline;

use crate::timeline::{Marks, Reference, Traced};

use panel::Panel;

/// Between the edge and what is drawn, and between the panels.
const MARGIN: f64 = 24.0;
/// Where the panels begin, below the title.
const TOP: f64 = 58.0;
/// One line of text below the panels.
const LINE: f64 = 18.0;
/// A picture is at least this wide, so that its title and legend fit.
const LEAST_WIDTH: f64 = 560.0;

/// The picture of an experiment's timeline, with the reference's beside it if that differs.
pub fn picture(traced: &Traced<'_>) -> String {
    let (only_yours, only_reference) = traced.marks();
    let same = only_yours.is_empty() && only_reference.is_empty();
    let mut timelines: Vec<(&str, &Timeline, &Marks)> = vec![("", &traced.yours, &only_yours)];
    let mut subtitle = "";
    match &traced.reference {
        Reference::Timeline(_) if same => subtitle = "the reference's processes do the same",
        Reference::Timeline(reference) => {
            timelines[0].0 = "yours";
            timelines.push(("the reference's", reference, &only_reference));
        }
        Reference::None(_) => {}
    }
    let panels: Vec<(&str, Panel<'_>)> = timelines
        .into_iter()
        .map(|(title, timeline, marks)| (title, Panel::new(timeline, marks)))
        .collect();
    let exercise = traced.exercise;
    draw(&format!("{} {}: {}", exercise.number, exercise.name, exercise.title), subtitle, &panels)
}

fn draw(title: &str, subtitle: &str, panels: &[(&str, Panel<'_>)]) -> String {
    let mut body = String::new();
    let mut left = MARGIN;
    let mut height: f64 = 0.0;
    for (index, (title, panel)) in panels.iter().enumerate() {
        if index > 0 {
            let x = left - MARGIN;
            let _ = write!(body, r#"<path class="divide" d="M{x} {TOP}V{{bottom}}"/>"#);
        }
        if !title.is_empty() {
            let title = escape(title);
            let _ =
                write!(body, r#"<text class="panel" x="{left}" y="{}">{title}</text>"#, TOP - 6.0);
        }
        let _ = write!(body, r#"<g transform="translate({left} {})">"#, TOP + 8.0);
        panel.draw(&mut body);
        body.push_str("</g>");
        left += panel.width + 2.0 * MARGIN;
        height = height.max(panel.height);
    }
    let width = (left - MARGIN).max(LEAST_WIDTH);
    let mut y = TOP + height + 20.0;
    let body = body.replace("{bottom}", &format!("{y}"));
    let mut below = String::new();
    legend(&mut below, panels, &mut y);
    let height = y + MARGIN / 2.0;
    let (title, subtitle) = (escape(title), escape(subtitle));
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" role="img"><title>{title}</title>"#
    );
    svg.push_str(style::STYLE);
    let _ = write!(svg, r#"<rect class="page" width="100%" height="100%" rx="8"/>"#);
    let _ = write!(svg, r#"<text class="title" x="{MARGIN}" y="28">{title}</text>"#);
    let _ = write!(svg, r#"<text class="small" x="{MARGIN}" y="{}">{subtitle}</text>"#, TOP - 10.0);
    svg.push_str(&body);
    svg.push_str(&below);
    svg.push_str("</svg>\n");
    svg
}

/// What the signs mean, of those that are there.
fn legend(svg: &mut String, panels: &[(&str, Panel<'_>)], y: &mut f64) {
    let x = MARGIN + 8.0;
    let mut entry = |is_there: bool, sign: fn(f64, f64) -> String, text: &str| {
        if is_there {
            svg.push_str(&sign(x, *y));
            let _ = write!(
                svg,
                r#"<text class="small" x="{}" y="{}">{text}</text>"#,
                x + 22.0,
                *y + 4.0
            );
            *y += LINE;
        }
    };
    entry(
        panels.iter().any(|(_, panel)| panel.has_suspended()),
        |x, y| {
            let (x, y) = (x - 4.0, y - 7.0);
            format!(r#"<rect class="suspended" x="{x}" y="{y}" width="8" height="14"/>"#)
        },
        "suspended until its vfork child calls execve or ends",
    );
    entry(
        panels.iter().any(|(_, panel)| panel.has_zombie()),
        |x, y| format!(r#"<path class="zombie" d="M{x} {}V{}"/>"#, y - 7.0, y + 7.0),
        "a zombie: it has ended, and nobody has waited for it yet",
    );
    entry(
        panels.iter().any(|(_, panel)| panel.has_mark()),
        |x, y| {
            let (x, y) = (x - 8.0, y - 7.0);
            format!(r#"<rect class="mark" x="{x}" y="{y}" width="16" height="14" rx="3"/>"#)
        },
        "only here; the numbers of pipes and of descriptors above 2 are not compared",
    );
}

/// Text for XML; what XML does not allow is left out.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            character if character.is_control() => escaped.push(' '),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn text_cannot_leave_its_place() {
        assert_eq!(escape("</text>&\"\x1b\u{fffe}"), "&lt;/text&gt;&amp;&quot; ");
    }
}
