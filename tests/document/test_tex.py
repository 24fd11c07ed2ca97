"""Formulas with listed commands are typeset. All others stay TeX source."""

import pytest

from mimo_magics.document.markdown import to_html
from mimo_magics.document.sanitizer import MATH_CLASSES
from mimo_magics.document.tex import MAX_TEX_CHARS, MAX_TEX_DEPTH, is_safe_tex

SAFE = [
    r"e^{i\pi} + 1 = 0",
    r"\frac{a}{b} \le \sqrt[3]{x^2 + y^2}",
    r"\int_{-\infty}^{\infty} e^{-x^2}\,dx = \sqrt{\pi}",
    r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}",
    r"\begin{align*} a &= b \\ c &= d \end{align*}",
    r"f(x) = \begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}",
    r"\left\{ x \in \mathbb{R} \mid x \ge 0 \right\}",
    r"\operatorname*{arg\,max}_\theta \mathcal{L}(\theta)",
    r"\hat{\boldsymbol{\beta}} = (X^\top X)^{-1} X^\top y",
    r"P(A \mid B) = \frac{P(B \mid A)\,P(A)}{P(B)} \tag{1}",
    r"\hspace{2em} a \\[1ex] \!\!\! b",
    r"100\,\% \;\approx\; \$5",
]
UNSAFE = [
    r"\DeclareMathOperator{\alpha}{owned}\DeclareMathOperator{\pi}{3.2}",
    r"\def\pi{3.2}",
    r"\gdef\pi{3.2}",
    r"\let\pi\alpha",
    r"\newcommand{\x}{1}",
    r"\renewcommand{\pi}{1}",
    r"\providecommand{\x}{1}",
    r"\newenvironment{align}{a}{b}",
    r"\DeclarePairedDelimiter{\abs}{a}{b}",
    r"\Newextarrow{\x}{1,2}{8594}",
    r"\require{action}",
    r"\href{https://outside.invalid}{x}",
    r"\url{https://outside.invalid}",
    r"\style{position: fixed}{x}",
    r"\class{jp-Cell}{x}",
    r"\cssId{main}{x}",
    r"\data{a=b}{x}",
    r"\unicode[serif]{65}",
    r"\mmlToken{mi}{x}",
    r"\csname def\endcsname",
    r"\color{red} x",
    r"\textcolor{white}{no}",
    r"\colorbox{black}{x}",
    r"\includegraphics{https://outside.invalid}",
    r"\toggle{a}{b}\endtoggle",
    r"\mathtip{a}{b}",
    r"\label{a} \ref{b}",
    r"\setcounter{equation}{9}",
    r"\rule{100em}{100em}",
    r"\kern-99em x",
    r"\smash{\begin{array}{c} a \\ b \end{array}}",
    r"\hspace{-99em} x",
    r"\hspace* { -1em} x",
    "\\hspace% \n{-9em} x",
    r"\begin{array}{c} a \\[-99em] b \end{array}",
    r"\begin{array}{c} a \\ % \n [ -9em] b \end{array}",
    r"\! " * 9 + "x",
    r"\begin{CD} a \end{CD}",
    r"\begin {unknown} a \end {unknown}",
    r"\begin a \end a",
    r"\somethingNew{x}",
    "\\" + "\u0131nt",
    "x" * (MAX_TEX_CHARS + 1),
    "{" * (MAX_TEX_DEPTH + 1) + "}" * (MAX_TEX_DEPTH + 1),
]


@pytest.mark.parametrize("source", SAFE)
def test_formulas_with_listed_commands_are_typeset(source: str) -> None:
    assert is_safe_tex(source)
    assert MATH_CLASSES in to_html(f"$${source}$$")


@pytest.mark.parametrize("source", UNSAFE)
def test_other_formulas_stay_tex_source(source: str) -> None:
    assert not is_safe_tex(source)
    assert MATH_CLASSES not in to_html(f"$${source}$$")
