//! The words that clap and the manual's writer have fixed.

/// In help. Texts in Chinese hold none of these.
const HELP: &[(&str, &str)] = &[
    ("Usage:", "用法:"),
    ("Options:", "选项:"),
    ("Commands:", "命令:"),
    ("Arguments:", "参数:"),
    ("[OPTIONS]", "[选项]"),
    ("<COMMAND>", "<命令>"),
    ("[COMMAND]", "[命令]"),
    ("Possible values:", "可选值:"),
    ("[possible values: ", "[可选值: "),
    ("[default: ", "[默认值: "),
];

const MANUAL: &[(&str, &str)] = &[
    ("\"User Commands\"", "\"用户命令\""),
    (".SH NAME", ".SH 名称"),
    (".SH SYNOPSIS", ".SH 概述"),
    (".SH DESCRIPTION", ".SH 描述"),
    (".SH EXAMPLES", ".SH 示例"),
    (".SH OPTIONS", ".SH 选项"),
    (".SH SUBCOMMANDS", ".SH 命令"),
    (".SH \"EXIT STATUS\"", ".SH 退出状态"),
    ("\\fIsubcommands\\fR", "\\fI命令\\fR"),
    ("See EXIT STATUS in \\fBtongbu\\fR(1).", "见 \\fBtongbu\\fR(1) 的“退出状态”。"),
    ("Possible values:", "可选值:"),
    ("[default: ", "[默认值: "),
];

/// The encoding, for readers that would guess it.
const ENCODING: &str = "'\\\" -*- coding: UTF-8 -*-\n";

pub fn in_help(text: &str) -> String {
    replace(text, HELP)
}

pub fn in_manual(page: &str) -> String {
    ENCODING.to_owned() + &replace(page, MANUAL)
}

fn replace(text: &str, phrases: &[(&str, &str)]) -> String {
    phrases.iter().fold(text.to_owned(), |text, (english, chinese)| text.replace(english, chinese))
}
