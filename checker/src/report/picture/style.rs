//! How the parts of a picture look, on light and on dark pages.

/// The style sheet and the patterns that it names.
pub(super) const STYLE: &str = r##"<style>
:root{--page:#fff;--ink:#1f2328;--faint:#6e7781;--line:#2f6fb5;--thread:#1a7f6b;--soft:#d0d7de;
--bad:#c62828;--mark:#fff1b8;--hatch:#c77700;--head:#eaf2fb;--back:#1a7f37}
@media(prefers-color-scheme:dark){:root{--page:#14181d;--ink:#e6edf3;--faint:#9aa4af;--line:#6cb0ff;
--thread:#4fd1b5;--soft:#3a424c;--bad:#ff7b72;--mark:#5a4600;--hatch:#e3a23b;--head:#1d2c3f;--back:#56d364}}
text{font:12.5px ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;fill:var(--ink)}
.page{fill:var(--page)}
.title{font:600 16px system-ui,"Segoe UI","DejaVu Sans",sans-serif}
.panel{font:600 13px system-ui,"Segoe UI","DejaVu Sans",sans-serif;fill:var(--faint)}
.small{font:12px system-ui,"Segoe UI","DejaVu Sans",sans-serif;fill:var(--faint)}
.detail{fill:var(--faint);font-size:11.5px}
.name{font-weight:700}
.ended{font-weight:600}
.bad{fill:var(--bad)}
.life{stroke:var(--line);stroke-width:2.5;fill:none}
.life.thread{stroke:var(--thread)}
.zombie{stroke:var(--faint);stroke-width:2.5;stroke-dasharray:1.5 5;stroke-linecap:round;fill:none}
.dot{fill:var(--page);stroke:var(--line);stroke-width:2}
.dot.thread{stroke:var(--thread)}
.dot.end{fill:var(--line)}
.dot.end.thread{fill:var(--thread)}
.dot.fatal{fill:var(--bad);stroke:var(--bad)}
.head{fill:var(--head);stroke:var(--line);stroke-width:1.5}
.head.thread{stroke:var(--thread)}
.mark{fill:var(--mark)}
.suspended{fill:url(#hatch);stroke:var(--hatch);stroke-width:1}
.arrow{fill:none;stroke-width:1.5;stroke:var(--line)}
.arrow.release{stroke:var(--hatch)}
.arrow.reap{stroke:var(--faint);stroke-dasharray:4 3}
.arrow.signal{stroke:var(--bad)}
.divide{stroke:var(--soft);stroke-width:1}
.stuck{fill:none;stroke:var(--bad);stroke-width:1}
.tip{fill:var(--line)}.tip.release{fill:var(--hatch)}.tip.reap{fill:var(--faint)}.tip.signal{fill:var(--bad)}
.stripe{stroke:var(--hatch);stroke-width:2}
</style><defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="stripe" d="M0 0V5"/></pattern></defs>"##;
