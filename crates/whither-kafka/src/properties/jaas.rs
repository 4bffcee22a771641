//! `sasl.jaas.config`: one login module and its options, as Kafka's `JaasConfig` reads it.

use std::collections::BTreeMap;

/// A login module and its options.
pub(super) struct Jaas {
    /// The class without its package: `PlainLoginModule`.
    pub(super) module: String,
    pub(super) options: BTreeMap<String, String>,
}

/// Parses `module flag key="value" …;`. The error never quotes the text: it may hold a password.
pub(super) fn parse(text: &str) -> Result<Jaas, &'static str> {
    const SHAPE: &str = "write it as: org.apache.kafka.common.security.plain.PlainLoginModule required username=\"…\" password=\"…\";";
    let tokens = tokens(text).ok_or("a quote is not closed")?;
    let mut tokens = tokens.into_iter();
    let (Some(Token::Word(class)), Some(Token::Word(flag))) = (tokens.next(), tokens.next()) else {
        return Err(SHAPE);
    };
    if !["required", "requisite", "sufficient", "optional"].contains(&flag.to_ascii_lowercase().as_str()) {
        return Err(SHAPE);
    }
    let mut options = BTreeMap::new();
    loop {
        match (tokens.next(), tokens.next(), tokens.next()) {
            (Some(Token::End), None, None) => break,
            (None, ..) => return Err("it must end with a semicolon"),
            (Some(Token::Word(key)), Some(Token::Equals), Some(Token::Word(value))) => {
                options.insert(key, value);
            }
            _ => return Err(SHAPE),
        }
    }
    let module = class.rsplit('.').next().unwrap_or_default().to_owned();
    Ok(Jaas { module, options })
}

#[derive(PartialEq, Eq, Debug)]
enum Token {
    Word(String),
    Equals,
    End,
}

/// None if a quote is not closed.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '=' => tokens.push(Token::Equals),
            ';' => tokens.push(Token::End),
            '"' | '\'' => {
                let mut word = String::new();
                loop {
                    match chars.next()? {
                        end if end == c => break,
                        '\\' => word.push(escaped(chars.next()?)),
                        other => word.push(other),
                    }
                }
                tokens.push(Token::Word(word));
            }
            blank if blank.is_whitespace() => {}
            first => {
                let mut word = String::from(first);
                let ends = |c: &char| c.is_whitespace() || ['=', ';', '"', '\''].contains(c);
                while let Some(more) = chars.next_if(|c| !ends(c)) {
                    word.push(more);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Some(tokens)
}

/// What `java.io.StreamTokenizer` makes of a backslash in a quoted word.
fn escaped(c: char) -> char {
    match c {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'f' => '\u{c}',
        'b' => '\u{8}',
        other => other,
    }
}
