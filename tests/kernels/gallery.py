"""More notebooks for the comparison of kernels: what the test notebooks of nbclient, ipywidgets, matplotlib and plotly
exercise, in words of our own, since their packages do not carry them; and the notebooks of this project.
"""

from __future__ import annotations

import nbformat

from tests.notebooks.catalogue import LIVE, NOTEBOOKS

__all__ = ["GALLERY", "own_notebooks"]

GALLERY: dict[str, list[str]] = {
    "clear output": [
        "from IPython.display import clear_output, display\nfor i in range(5):\n    clear_output(wait=True)\n    print(i)",
        "print('before')\nclear_output()\ndisplay('after')",
        "clear_output(wait=True)",
        "print('a'); clear_output(wait=True); clear_output(); print('b')",
    ],
    "unicode": ["name = '삼성전자 ✓ 𝄞'\nname", "print(name)", "raise KeyError(name)", "변수 = 1\n변수 + 1"],
    "streams": [
        "import sys\nprint('to out'); print('to err', file=sys.stderr)",
        "print(*range(3), sep='\\r')\nsys.stdout.write('no line end')",
        "import logging\nlogging.warning('a warning')\nlogging.getLogger('own').info('silent')",
        "import warnings\nwarnings.warn('once')\nwarnings.warn('twice', UserWarning)",
        "input('a question')",
    ],
    "after an error": [
        "x = 1\nraise RuntimeError('stop')",
        "x",
        "try:\n    1 / 0\nexcept ZeroDivisionError as err:\n    raise ValueError('second') from err",
        "def deep(n):\n    return deep(n - 1) if n else [][0]\ndeep(3)",
        "import sys\nsys.last_type.__name__, sys.last_value.args",
        "assert x == 2, 'told'",
        "raise SystemExit(3)",
        "import sys\nsys.exit('bye')",
        "%xmode minimal",
        "1 / 0",
    ],
    "magics": [
        "%matplotlib --list",
        "%config InlineBackend",
        "%%writefile /dev/null\ntext",
        "%%bash\necho in bash; echo error >&2",
        "%env HOME",
        "a, b = 1, 'two'\n%who_ls",
        "%reset -f\n%who_ls",
        "%lsmagic",
        "%precision 3\n3.14159265",
        "%autoreload 2",
        "%load_ext autoreload\n%autoreload 2",
        "%%python\nprint('another python')",
        "%history -n",
        "%alias_magic t timeit",
        "%nothing",
    ],
    "awaiting": [
        "import asyncio\nasync def f(n):\n    await asyncio.sleep(0)\n    return n\nawait asyncio.gather(f(1), f(2))",
        "task = asyncio.create_task(f(3))\nawait task",
        "asyncio.get_running_loop().is_running()",
        "asyncio.run(f(4))",
        "async for i in (x for x in [1]):\n    print(i)",
        "import contextvars\nv = contextvars.ContextVar('v', default=0)\nv.set(1)\nv.get()",
    ],
    "random numbers": [
        "import random, numpy as np\nrandom.seed(7); np.random.seed(7)\nrandom.random(), np.random.rand(2)",
        "np.random.default_rng(7).normal(size=3)",
        "import pandas as pd\npd.Series(range(5)).sample(3, random_state=7).tolist()",
        "from scipy import stats\nstats.norm.rvs(size=3, random_state=7)",
    ],
    "figures of many kinds": [
        "import matplotlib.pyplot as plt, numpy as np\nx = np.linspace(0, 1, 20)",
        "fig, axes = plt.subplots(2, 2, figsize=(3, 3), layout='constrained')\naxes[0, 0].scatter(x, x**2, c=x)\naxes[0, 1].hist(x, 5)\naxes[1, 0].imshow(np.outer(x, x))\naxes[1, 1].fill_between(x, x, x**2)",
        "fig = plt.figure(figsize=(2, 2)); ax = fig.add_subplot(projection='3d'); ax.plot(x, x, x)",
        "fig = plt.figure(figsize=(2, 2)); ax = fig.add_subplot(projection='polar'); ax.plot(x, x)",
        "plt.figure(figsize=(2, 1)); plt.title(r'$\\frac{a}{b}$'); plt.show()",
        "with plt.style.context('ggplot'):\n    plt.figure(figsize=(2, 1)); plt.bar(['a', 'b'], [1, 2]); plt.show()",
        "plt.rcParams['figure.figsize'], plt.rcParams['savefig.dpi'], plt.rcParams['font.family']",
        "fig, ax = plt.subplots(figsize=(2, 1)); ax.set_title('가나다'); plt.close(fig); fig",
        "plt.get_fignums()",
        "import io\nout = io.BytesIO(); fig.savefig(out, format='png'); len(out.getvalue())",
        "plt.ioff(); plt.plot([1]); plt.isinteractive()",
        "plt.close('all'); plt.ion(); plt.isinteractive()",
    ],
    "formats of figures": [
        "%config InlineBackend.figure_formats = ['svg', 'png']",
        "import matplotlib.pyplot as plt\nplt.figure(figsize=(1, 1)); plt.plot([1, 2])",
        "from matplotlib_inline.backend_inline import set_matplotlib_formats\nset_matplotlib_formats('retina')",
        "plt.figure(figsize=(1, 1)); plt.plot([2, 1])",
        "%config InlineBackend.close_figures = False",
        "plt.plot([1, 1])",
        "plt.get_fignums()",
        "%matplotlib agg",
        "plt.plot([1]); plt.show()",
        "%matplotlib inline",
        "plt.figure(figsize=(1, 1)); plt.plot([3, 1]); plt.show()",
    ],
    "widgets of many kinds": [
        "import ipywidgets as w",
        "w.VBox([w.Button(description='b'), w.Dropdown(options=['x', 'y'], value='y'), w.Text('t'), w.HTML('<b>h</b>')])",
        "a, b = w.IntSlider(), w.IntText()\nw.jslink((a, 'value'), (b, 'value'))\nl = w.link((a, 'value'), (b, 'value'))\na.value = 9\nb.value",
        "seen = []\na.observe(lambda c: seen.append((c['old'], c['new'])), 'value')\na.value = 11\nseen",
        "out = w.Output()\n@out.capture()\ndef shout():\n    print('captured'); 1 / 0\nshout()\nlen(out.outputs)",
        "with out:\n    print('again')\nout.clear_output()\nout.outputs",
        "w.interactive(lambda x: x * 2, x=3)",
        "f = w.FloatProgress(0.5)\nf.get_state()['value'], f.model_id is not None",
        "w.Layout(width='50%').get_state()['width']",
        "a.close(); w.Widget.close_all()",
        "w.widgets.widget_link, w.__version__",
    ],
    "plotly of many kinds": [
        "import plotly.express as px, pandas as pd\ndf = pd.DataFrame({'x': [1, 2, 3], 'y': [3, 1, 2], 'c': list('aab')})",
        "px.line(df, x='x', y='y', color='c').to_json()",
        "px.bar(df, x='x', y='y')",
        "import plotly.graph_objects as go\ngo.Figure([go.Heatmap(z=[[1, 2], [3, 4]])]).update_layout(title='열')",
        "import plotly.io as pio\npio.templates.default, list(pio.renderers)[:3]",
        "pio.renderers.default = 'json'\npx.scatter(df, x='x', y='y')",
        "go.Figure(go.Scatter(y='wrong', marker={'colour': 1}))",
    ],
    "frames of many kinds": [
        "import pandas as pd, numpy as np\ns = pd.Series(pd.date_range('2026-01-01', periods=4, freq='B', tz='Asia/Seoul'))\ns",
        "df = pd.DataFrame(np.arange(1000.0).reshape(100, 10)); df",
        "df.style.background_gradient().set_uuid('y').to_html()[:200]",
        "pd.get_option('display.max_rows'), pd.get_option('mode.copy_on_write')",
        "df[df > 1e9]['none']",
        "pd.Series(['x', None]).str.upper()",
        "df.groupby(df[0] // 100)[1].mean()",
        "pd.to_datetime(['2026-13-01'])",
        "x = df[:2]; x.loc[0, 0] = 5; df.loc[0, 0]",
        "pd.DataFrame({'a': [1]}).merge(pd.DataFrame({'b': [1]}))",
    ],
    "models": [
        "import numpy as np, statsmodels.api as sm, statsmodels.formula.api as smf, pandas as pd",
        "d = pd.DataFrame({'x': np.arange(12.0), 'y': np.arange(12.0) ** 1.5})\nsmf.ols('y ~ x', d).fit().summary2().tables[1]",
        "sm.tsa.acf(d.y, nlags=3)",
        "sm.tsa.ARIMA(d.y, order=(1, 0, 0)).fit().params.round(1)",
        "from scipy import optimize\noptimize.minimize(lambda v: (v[0] - 1) ** 2, [0.0]).x.round(5)",
        "optimize.linprog([1, 2], A_eq=[[1, 1]], b_eq=[1]).x",
        "optimize.brentq(lambda v: v, 1, 2)",
        "np.linalg.inv(np.zeros((2, 2)))",
        "np.log(np.array([-1.0, 0.0]))",
    ],
}


def own_notebooks() -> dict[str, list[str]]:
    """Return this project's notebooks that need no vendor; they are run on the reference home."""
    found = {}
    for file in sorted({*NOTEBOOKS} - {*LIVE}):
        cells = nbformat.read(file, as_version=4).cells
        found[f"{file.parent.name}/{file.stem}"] = [c.source for c in cells if c.cell_type == "code"]
    return found
