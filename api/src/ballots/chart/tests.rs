//! Charts as their readers get them: XML to parse, words to hear, lengths to measure.

mod any;
mod drawings;
mod reading;
mod samples;
mod tables;
mod telling;
