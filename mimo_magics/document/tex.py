"""The allow-list of TeX commands: only formulas with listed commands are typeset.

MathJax has one state for the whole page. A command that defines something changes other formulas, also those of other
replies. Other commands create links, load code or set styles.
"""

from __future__ import annotations

import re

from mimo_magics.document.json_text import nesting_depth

COMMANDS = frozenset(
    """
    alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa varkappa lambda mu nu xi omicron pi varpi
    rho varrho sigma varsigma tau upsilon phi varphi chi psi omega digamma Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi
    Psi Omega aleph beth gimel daleth hbar hslash ell Re Im wp imath jmath partial nabla infty emptyset varnothing complement
    frac dfrac tfrac cfrac sqrt binom dbinom tbinom over choose atop genfrac root of
    sum prod coprod int iint iiint oint bigcup bigcap bigvee bigwedge bigoplus bigotimes bigodot biguplus bigsqcup
    lim limsup liminf max min sup inf arg det dim deg gcd hom ker Pr exp log ln lg lb sin cos tan cot sec csc arcsin arccos
    arctan sinh cosh tanh coth argmax argmin injlim projlim varlimsup varliminf operatorname mod bmod pmod pod
    cdot times div pm mp ast star circ bullet oplus ominus otimes oslash odot dagger ddagger amalg cup cap uplus sqcup sqcap
    vee wedge lor land setminus smallsetminus wr diamond triangle triangleleft triangleright bigtriangleup bigtriangledown
    bigcirc cdots ldots dots vdots ddots dotsb dotsc dotsi dotsm dotso ltimes rtimes
    le leq leqslant ge geq geqslant ne neq lt gt ll gg lll ggg equiv sim simeq approx approxeq cong propto doteq asymp models
    prec succ preceq succeq subset supset subseteq supseteq subsetneq supsetneq sqsubset sqsupset sqsubseteq sqsupseteq
    in ni notin not mid nmid parallel nparallel perp vdash dashv vDash smile frown bowtie between therefore because lesssim
    gtrsim triangleq trianglelefteq trianglerighteq Vdash
    forall exists nexists neg lnot top bot angle measuredangle sphericalangle prime backprime surd flat natural sharp
    clubsuit diamondsuit heartsuit spadesuit checkmark square blacksquare Box Diamond lozenge
    to gets mapsto longmapsto leftarrow rightarrow leftrightarrow Leftarrow Rightarrow Leftrightarrow longleftarrow
    longrightarrow longleftrightarrow Longleftarrow Longrightarrow Longleftrightarrow uparrow downarrow updownarrow Uparrow
    Downarrow Updownarrow nearrow searrow swarrow nwarrow hookleftarrow hookrightarrow leftharpoonup leftharpoondown
    rightharpoonup rightharpoondown rightleftharpoons leftrightharpoons rightleftarrows rightarrows iff implies impliedby
    xleftarrow xrightarrow xleftrightarrow leadsto twoheadrightarrow curvearrowright circlearrowleft circlearrowright upharpoonright
    left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm Bigm lbrace rbrace lbrack rbrack
    langle rangle lfloor rfloor lceil rceil lvert rvert lVert rVert vert Vert backslash lgroup rgroup ulcorner urcorner
    llcorner lrcorner
    hat widehat bar overline underline vec overrightarrow overleftarrow overleftrightarrow tilde widetilde dot ddot dddot
    acute grave breve check mathring overbrace underbrace overset underset stackrel sideset substack xcancel cancel bcancel
    boxed phantom hphantom vphantom mathstrut
    mathrm mathbf mathit mathsf mathtt mathcal mathbb mathfrak mathscr boldsymbol bm pmb rm bf it sf tt cal text textrm textbf
    textit textsf texttt textnormal mbox displaystyle textstyle scriptstyle scriptscriptstyle limits nolimits
    mathop mathbin mathrel mathord mathopen mathclose mathpunct mathinner
    quad qquad hspace thinspace medspace thickspace negthinspace enspace space nobreakspace hfill hline hdashline cline
    begin end tag notag nonumber newline cr displaylines
    degree pounds dag ddag S P colon vcentcolon coloneqq eqqcolon mathellipsis iddots
    small large tiny normalsize strut
    """.split()  # noqa: SIM905  words are easier to read than a list of strings
)
"""Commands for symbols, letters and boxes that have no effect outside of their formula."""
ENVIRONMENTS = frozenset(
    """
    align aligned alignat alignedat array bmatrix Bmatrix cases rcases dcases equation gather gathered matrix multline pmatrix
    smallmatrix split subarray vmatrix Vmatrix eqnarray
    """.split()  # noqa: SIM905  words are easier to read than a list of strings
)
MAX_TEX_CHARS = 4_000
"""Length up to which a formula is typeset."""
MAX_TEX_DEPTH = 40
"""Nesting depth of braces up to which a formula is typeset."""
COMMAND = re.compile(r"\\([A-Za-z]+|.|\Z)\*?", re.DOTALL)
ESCAPED_CHARACTER = re.compile(r"\\.", re.DOTALL)
ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*\{([^}]*)\}")
ENVIRONMENT_COMMAND = re.compile(r"\\(?:begin|end)(?![A-Za-z])")
WHITE_SPACE = re.compile(r"\s|(?<!\\)%[^\n]*")
"""White space and comments."""
OVERLAP = re.compile(r"\\hspace\*?\{-|\\(?:\\|newline|cr)\*?\[-|(?:\\(?:!|negthinspace)){9}")
"""Negative lengths and runs of negative spaces, which draw a formula over the text around it."""
SYMBOLS = frozenset("\\{}[]()|,;:!.>%$&#_ '\"`^~=/-\n")
"""Characters other than letters that may follow a backslash."""


def is_safe_tex(source: str) -> bool:
    """Return whether a formula has only listed commands and environments, and is small enough to be typeset."""
    environments = ENVIRONMENT.findall(source)
    return (
        len(source) <= MAX_TEX_CHARS
        and nesting_depth(ESCAPED_CHARACTER.sub("", source), "{", "}") <= MAX_TEX_DEPTH
        and not OVERLAP.search(WHITE_SPACE.sub("", source))
        and all(_is_listed(name) for name in COMMAND.findall(source))
        and len(environments) == len(ENVIRONMENT_COMMAND.findall(source))
        and {name.strip().removesuffix("*") for name in environments} <= ENVIRONMENTS
    )


def _is_listed(name: str) -> bool:
    return name in COMMANDS or (len(name) == 1 and name in SYMBOLS)
