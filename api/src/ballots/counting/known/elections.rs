//! The elections that are rankings, with what is published of them.

use super::super::testing::{BURLINGTON, DEBIAN_LOGO, TENNESSEE};
use super::{BORDA, Known, PLURALITY, RUNOFF, SCHULZE, known};

pub const KNOWN: [Known; 41] = [
    known(
        "Capital of Tennessee, the example of textbooks and encyclopaedias",
        "M N C K",
        TENNESSEE,
        &[(PLURALITY, "M"), (RUNOFF, "K"), (SCHULZE, "N"), (BORDA, "N")],
    ),
    known(
        "Debian logo 1999, PrefLib 00002 election 8",
        "S D O M C A F E",
        DEBIAN_LOGO,
        &[(PLURALITY, "S"), (RUNOFF, "S"), (SCHULZE, "S")],
    ),
    known(
        "Burlington, Vermont, mayor 2009, last three; electowiki",
        "K M W",
        BURLINGTON,
        &[(PLURALITY, "W"), (RUNOFF, "K"), (SCHULZE, "M")],
    ),
    known(
        // Peltola (E), Palin (A), Begich (B), without write-ins.
        "Alaska, at-large congressional district, special election of August 2022; A. Graham-Squire and \
         D. McCune, A Mathematical Analysis of the 2022 Alaska Special Election, arXiv 2209.04764",
        "E A B",
        "27053 B A E\n 15467 B E A\n 11290 B\n 34049 A B E\n 3652 A E B\n 21272 A\n 47407 E B A\n 4645 E A B\n 23747 E",
        &[(PLURALITY, "E"), (RUNOFF, "E"), (SCHULZE, "B")],
    ),
    known(
        // Lenihan, Robinson, Currie.
        "Ireland, president 1990; official counts",
        "L R C",
        "694484 L\n 612265 R\n 205565 C R\n 36789 C L\n 25548 C",
        &[(PLURALITY, "L"), (RUNOFF, "R")],
    ),
    known(
        // O'Kelly, Mac Eoin, McCartan.
        "Ireland, president 1945; official counts",
        "K E C",
        "537965 K\n 335539 E\n 27200 C K\n 117886 C E\n 67748 C",
        &[(PLURALITY, "K"), (RUNOFF, "K")],
    ),
    known(
        // McAleese, Banotti, Scallon, Roche, Nally. The last three left together: which of their
        // votes passed to whom is made up, how many is not.
        "Ireland, president 1997; official counts",
        "M B S R N",
        "574424 M\n 372002 B\n 131835 S M\n 43623 S B\n 81891 R B\n 6532 R\n 59529 N",
        &[(PLURALITY, "M"), (RUNOFF, "M")],
    ),
    known(
        // Poliquin, Golden, Bond, Hoar. The last two left together: as above.
        "Maine, second congressional district 2018; official counts",
        "P G B H",
        "134184 P\n 132013 G\n 10427 B G\n 4747 B P\n 1378 B\n 6875 H",
        &[(PLURALITY, "P"), (RUNOFF, "G")],
    ),
    known(
        // Chirac, Le Pen, Jospin and thirteen more.
        "France, president 2002, first round; Conseil constitutionnel",
        "C L J Ba La Ch Ma Be Sa Md Hu Me Ta Le Bo Gl",
        "5665855 C\n 4804713 L\n 4610113 J\n 1949170 Ba\n 1630045 La\n 1518528 Ch\n 1495724 Ma\n 1210562 Be
         1204689 Sa\n 1113484 Md\n 960480 Hu\n 667026 Me\n 660447 Ta\n 535837 Le\n 339112 Bo\n 132686 Gl",
        &[(PLURALITY, "C")],
    ),
    known(
        // Chen, Soong, Lien, Hsu, Li.
        "Taiwan, president 2000; official count",
        "C S L H I",
        "4977697 C\n 4664972 S\n 2925513 L\n 79429 H\n 16782 I",
        &[(PLURALITY, "C")],
    ),
    known(
        "21 voters of Borda's memoir, 1784",
        "A B C",
        "1 A B C\n 7 A C B\n 7 B C A\n 6 C B A",
        &[(PLURALITY, "A"), (BORDA, "C"), (SCHULZE, "C")],
    ),
    known(
        "60 voters of Condorcet's Essai, 1785, whose third choice for most is first by plurality",
        "A B C",
        "23 A C B\n 19 B C A\n 16 C B A\n 2 C A B",
        &[(PLURALITY, "A"), (RUNOFF, "B"), (SCHULZE, "C"), (BORDA, "C")],
    ),
    known(
        "60 voters of Condorcet's Essai with a cycle; H. P. Young, Condorcet's Theory of Voting, American \
         Political Science Review 82 (1988)",
        "A B C",
        "23 A B C\n 17 B C A\n 2 B A C\n 10 C A B\n 8 C B A",
        &[(BORDA, "B"), (SCHULZE, "B")],
    ),
    known(
        "81 voters of Condorcet's Essai, against Borda; Young, as above",
        "A B C",
        "30 A B C\n 1 A C B\n 29 B A C\n 10 B C A\n 10 C A B\n 1 C B A",
        &[(PLURALITY, "B"), (BORDA, "B"), (SCHULZE, "A")],
    ),
    known(
        "Condorcet's paradox in its smallest form",
        "A B C",
        "1 A B C\n 1 B C A\n 1 C A B",
        &[
            (PLURALITY, "A B C"),
            (RUNOFF, "A B C"),
            (SCHULZE, "A B C"),
            (BORDA, "A B C"),
        ],
    ),
    known(
        "55 voters, five methods, five winners (by two rounds B); J. Malkevitch, in For All Practical Purposes",
        "A B C D E",
        "18 A D E C B\n 12 B E D C A\n 10 C B E D A\n 9 D C E B A\n 4 E B D C A\n 2 E C D B A",
        &[(PLURALITY, "A"), (RUNOFF, "C"), (BORDA, "D"), (SCHULZE, "E")],
    ),
    known(
        // Milk, beer, wine.
        "15 drinkers; D. G. Saari, Decisions and Elections, 2001",
        "M B W",
        "6 M W B\n 5 B W M\n 4 W B M",
        &[(PLURALITY, "M"), (RUNOFF, "B"), (BORDA, "W"), (SCHULZE, "W")],
    ),
    known(
        "100 voters: Borda against a majority; French Wikipedia, Méthode Borda",
        "A B C D",
        "30 B A C D\n 30 B A D C\n 25 A C D B\n 15 A D C B",
        &[(PLURALITY, "B"), (RUNOFF, "B"), (SCHULZE, "B"), (BORDA, "A")],
    ),
    known(
        "1351 voters whose Condorcet winner neither plurality nor Borda elects; Wikipedia, Condorcet winner criterion",
        "A B C",
        "186 A B C\n 405 A C B\n 305 B A C\n 272 B C A\n 78 C A B\n 105 C B A",
        &[(PLURALITY, "A"), (BORDA, "A"), (SCHULZE, "B"), (RUNOFF, "B")],
    ),
    known(
        "5 voters: Borda against a majority in its smallest form; Wikipedia, Condorcet winner criterion",
        "A B C",
        "3 A B C\n 2 B C A",
        &[(PLURALITY, "A"), (RUNOFF, "A"), (SCHULZE, "A"), (BORDA, "B")],
    ),
    known(
        "100 voters whose compromise leaves first in a runoff; Wikipedia, Condorcet winner criterion",
        "A B C",
        "35 A B C\n 34 C B A\n 31 B C A",
        &[(PLURALITY, "A"), (RUNOFF, "C"), (SCHULZE, "B"), (BORDA, "B")],
    ),
    known(
        "17 voters, the common example that more votes may harm in instant runoff: before",
        "A B C",
        "6 A B C\n 5 C A B\n 4 B C A\n 2 B A C",
        &[(RUNOFF, "A")],
    ),
    known(
        "17 voters: after two have raised A",
        "A B C",
        "8 A B C\n 5 C A B\n 4 B C A",
        &[(RUNOFF, "C")],
    ),
    known(
        "No show: 1608 voters; P. C. Fishburn and S. J. Brams, Paradoxes of Preferential Voting, Mathematics \
         Magazine 56 (1983)",
        "A B C",
        "417 A B C\n 82 A C B\n 143 B A C\n 357 B C A\n 285 C A B\n 324 C B A",
        &[(RUNOFF, "B")],
    ),
    known(
        "No show: had two more come and preferred A to B to C",
        "A B C",
        "419 A B C\n 82 A C B\n 143 B A C\n 357 B C A\n 285 C A B\n 324 C B A",
        &[(RUNOFF, "C")],
    ),
    known(
        "Schulze 1",
        "A B C D",
        "8 A C D B\n 2 B A D C\n 4 C D B A\n 4 D B A C\n 3 D C B A",
        &[(SCHULZE, "D")],
    ),
    known(
        "Schulze 2",
        "A B C D",
        "3 A C D B\n 9 B A C D\n 8 C D A B\n 5 D A B C\n 5 D B C A",
        &[(SCHULZE, "C")],
    ),
    known(
        "Schulze 3",
        "A B C D E",
        "5 A C B E D\n 5 A D E C B\n 8 B E D A C\n 3 C A B E D\n 7 C A E B D\n 2 C B A D E\n 7 D C E B A\n 8 E B A D C",
        &[(SCHULZE, "E")],
    ),
    known(
        "Schulze 4",
        "A B C D",
        "3 A B C D\n 2 C B D A\n 2 D A B C\n 2 D B C A",
        &[(SCHULZE, "B D")],
    ),
    known(
        "Schulze 5",
        "A B C D",
        "12 A B C D\n 6 A D B C\n 9 B C D A\n 15 C D A B\n 21 D B A C",
        &[(SCHULZE, "D")],
    ),
    known(
        "Schulze 6",
        "A B C D",
        "8 A C D B\n 2 B C D A\n 3 B D A C\n 5 C B D A\n 1 C D B A\n 3 D A B C\n 1 D B A C",
        &[(SCHULZE, "A C")],
    ),
    known("Schulze 7, first", "A B C D E F", SCHULZE_7, &[(SCHULZE, "A")]),
    known(
        "Schulze 8, first",
        "A B C D",
        "3 A B D C\n 5 A D B C\n 1 A D C B\n 2 B A D C\n 2 B D C A\n 4 C A B D\n 6 C B A D\n 2 D B C A\n 5 D C A B",
        &[(SCHULZE, "A")],
    ),
    known(
        "Schulze 8, with E",
        "A B C D E",
        "3 A B D E C\n 5 A D E B C\n 1 A D E C B\n 2 B A D E C\n 2 B D E C A\n 4 C A B D E\n 6 C B A D E
         2 D B E C A\n 5 D E C A B",
        &[(SCHULZE, "B")],
    ),
    known(
        "Schulze 9, first",
        "A B C D",
        "5 A C D B\n 2 B C D A\n 4 B D A C\n 2 C D A B",
        &[(SCHULZE, "A")],
    ),
    known(
        "Schulze 9, with E",
        "A B C D E",
        "5 A E C D B\n 2 B C D A E\n 4 B D A E C\n 2 C D A B E",
        &[(SCHULZE, "B")],
    ),
    known(
        "Schulze 10",
        "A B C D",
        "6 A B C D\n 8 A=B C=D\n 8 A=C B=D\n 18 A=C D B\n 8 A=C=D B\n 40 B A=C=D\n 4 C B D A\n 9 C D A B\n 8 C=D A=B
         14 D A B C\n 11 D B C A\n 4 D C A B",
        &[(SCHULZE, "D")],
    ),
    known(
        "Schulze 10, with those in the last group left out",
        "A B C D",
        "6 A B C\n 8 A=B\n 8 A=C\n 18 A=C D\n 8 A=C=D\n 40 B\n 4 C B D\n 9 C D A\n 8 C=D\n 14 D A B\n 11 D B C\n 4 D C A",
        &[(SCHULZE, "D")],
    ),
    known(
        "Schulze 11",
        "A B C D E",
        "9 A D B E C\n 6 B C A D E\n 5 B C D E A\n 2 C D B E A\n 6 D E C B A\n 14 E A C B D\n 2 E C A B D\n 1 E D A C B",
        &[(SCHULZE, "B")],
    ),
    known(
        "Schulze 12",
        "A B C D E",
        "9 A D B E C\n 1 B A C E D\n 6 C B A D E\n 2 C D B E A\n 5 C D E A B\n 6 D E C A B\n 14 E B A C D\n 2 E B C A D",
        &[(SCHULZE, "E")],
    ),
    known(
        "Schulze 13",
        "A B C",
        "2 A B C\n 2 B C A\n 1 C A B",
        &[(SCHULZE, "A B")],
    ),
];

/// The examples of M. Schulze, "The Schulze Method of Voting", arXiv 1804.02973, section 3, are named
/// by their numbers there. Adding two who put A first changes the winner of the seventh from A to D.
pub const SCHULZE_7: &str =
    "3 A D E B C F\n 3 B F E C D A\n 4 C A B F D E\n 1 D B C E F A\n 4 D E F A B C\n 2 E C B D F A
    2 F A C D B E";

/// Strengths of the strongest paths as that paper has them.
pub const PATHS: [(&str, &[&[u64]]); 9] = [
    (
        "Schulze 1",
        &[&[0, 14, 14, 12], &[13, 0, 13, 12], &[13, 15, 0, 12], &[13, 19, 13, 0]],
    ),
    (
        "Schulze 2",
        &[&[0, 17, 17, 17], &[18, 0, 19, 19], &[18, 20, 0, 20], &[18, 21, 19, 0]],
    ),
    (
        "Schulze 4",
        &[&[0, 5, 5, 5], &[5, 0, 7, 5], &[5, 5, 0, 5], &[6, 5, 5, 0]],
    ),
    (
        "Schulze 5",
        &[&[0, 36, 39, 36], &[36, 0, 48, 36], &[36, 36, 0, 36], &[45, 42, 42, 0]],
    ),
    (
        "Schulze 6",
        &[&[0, 14, 15, 15], &[12, 0, 12, 12], &[15, 14, 0, 16], &[15, 14, 15, 0]],
    ),
    (
        "Schulze 8, first",
        &[&[0, 18, 20, 21], &[17, 0, 17, 17], &[19, 18, 0, 19], &[19, 18, 20, 0]],
    ),
    (
        "Schulze 10",
        &[&[0, 67, 67, 45], &[45, 0, 79, 45], &[45, 45, 0, 45], &[50, 72, 72, 0]],
    ),
    (
        "Schulze 11",
        &[
            &[0, 26, 28, 31, 28],
            &[27, 0, 27, 27, 27],
            &[28, 26, 0, 29, 28],
            &[28, 26, 28, 0, 28],
            &[30, 26, 32, 30, 0],
        ],
    ),
    ("Schulze 13", &[&[0, 3, 3], &[3, 0, 4], &[3, 3, 0]]),
];

/// Points by Borda's count as published, or added up by hand, for first places worth n − 1.
pub const POINTS: [(&str, &[u64]); 6] = [
    ("Capital of Tennessee", &[126, 194, 173, 107]),
    // Borda gives 37, 42 and 47: his last places are worth 1.
    ("21 voters of Borda", &[37 - 21, 42 - 21, 47 - 21]),
    ("60 voters of Condorcet's Essai with a cycle", &[58, 69, 53]),
    // Likewise 182, 190 and 114.
    ("81 voters", &[182 - 81, 190 - 81, 114 - 81]),
    ("55 voters", &[127 - 55, 156 - 55, 162 - 55, 191 - 55, 189 - 55]),
    // Likewise 340, 280, 195 and 185.
    ("100 voters", &[340 - 100, 280 - 100, 195 - 100, 185 - 100]),
];

/// The last count as announced, and the votes not transferable by then.
pub const LAST_COUNTS: [(&str, &[u64], u64); 6] = [
    ("Burlington", &[4314, 4064], 455),
    ("Alaska", &[91_266, 86_026], 11_290),
    ("Ireland, president 1990", &[731_273, 817_830], 25_548),
    ("Ireland, president 1945", &[565_165, 453_425], 67_748),
    ("Ireland, president 1997", &[706_259, 497_516], 66_061),
    ("Maine", &[138_931, 142_440], 8_253),
];
