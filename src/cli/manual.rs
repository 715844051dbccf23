//! Manual pages: one for every command, the same bytes every time.

use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::exit::Exit;

const PROGRAM: &str = "tongbu";
/// The foot of every page.
const SOURCE: &str = concat!("tongbu ", env!("CARGO_PKG_VERSION"));

/// Every page with its file name, `tongbu-sync-fairing.1`.
pub fn pages(mut command: clap::Command, meaning: fn(Exit) -> &'static str) -> Vec<(String, Vec<u8>)> {
    command.build();
    let mut pages = Vec::new();
    collect(&command, meaning, &mut pages);
    pages
}

fn collect(command: &clap::Command, meaning: fn(Exit) -> &'static str, pages: &mut Vec<(String, Vec<u8>)>) {
    let man = Man::new(command.clone()).source(SOURCE).manual("User Commands");
    pages.push((man.get_filename(), render(command, &man, meaning)));
    for subcommand in command.get_subcommands() {
        collect(subcommand, meaning, pages);
    }
}

fn render(command: &clap::Command, man: &Man, meaning: fn(Exit) -> &'static str) -> Vec<u8> {
    let mut page = Vec::new();
    let has_subcommands = command.get_subcommands().next().is_some();
    // Writing to memory cannot fail.
    let _ = man.render_title(&mut page);
    let _ = man.render_name_section(&mut page);
    let _ = man.render_synopsis_section(&mut page);
    let _ = man.render_description_section(&mut page);
    let _ = examples(command).to_writer(&mut page);
    let _ = man.render_options_section(&mut page);
    if has_subcommands {
        let _ = man.render_subcommands_section(&mut page);
    }
    // Only the page of the program itself has no parent's name in its own.
    let exit_status = if command.get_name() == PROGRAM { exit_codes(meaning) } else { exit_reference() };
    let _ = exit_status.to_writer(&mut page);
    page
}

fn examples(command: &clap::Command) -> Roff {
    let mut roff = Roff::new();
    if let Some(text) = command.get_before_long_help() {
        let text = text.to_string();
        roff.control("SH", ["EXAMPLES"]).control("nf", []);
        roff.text(
            text.lines().skip(1).flat_map(|line| [roman(line), clap_mangen::roff::line_break()]).collect::<Vec<_>>(),
        );
        roff.control("fi", []);
    }
    roff
}

/// Every exit code: on the page of the program, to which the others refer.
fn exit_codes(meaning: fn(Exit) -> &'static str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for exit in Exit::ALL {
        roff.control("TP", []);
        roff.text([bold(exit.code().to_string()), roman(format!(" ({})", exit.name()))]);
        roff.text([roman(meaning(*exit))]);
    }
    roff
}

fn exit_reference() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    roff.text([roman("See EXIT STATUS in "), bold(PROGRAM), roman("(1).")]);
    roff
}

#[cfg(test)]
mod tests {
    use super::{SOURCE, pages};
    use crate::cli::command;
    use crate::exit::Exit;
    use crate::upstreams;

    #[test]
    fn every_command_has_a_page_with_its_exit_status() {
        let pages = pages(command(), Exit::meaning);
        for name in upstreams::names() {
            assert!(pages.iter().any(|(file, _)| *file == format!("tongbu-sync-{name}.1")), "{name}");
        }
        for (file, page) in &pages {
            let page = String::from_utf8_lossy(page);
            assert!(page.contains("EXIT STATUS") && page.contains(SOURCE), "{file}");
            let named =
                Exit::ALL.iter().filter(|exit| page.contains(&format!("({})", exit.name().replace('-', "\\-"))));
            let is_program = file == "tongbu.1";
            assert_eq!(named.count(), if is_program { Exit::ALL.len() } else { 0 }, "{file}");
            assert_ne!(page.contains("See EXIT STATUS in \\fBtongbu\\fR(1)."), is_program, "{file}");
        }
    }

    #[test]
    fn pages_are_the_same_every_time() {
        assert_eq!(pages(command(), Exit::meaning), pages(command(), Exit::meaning));
    }
}
