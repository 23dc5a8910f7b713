"""Small notebooks that show what a kernel makes of a library: each is run on a stock and on a forked kernel."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat

__all__ = ["SAMPLES", "comparable", "papermill_notebooks"]

# name: cells. Declared differences: what a library sets for everyone when it is imported is there from the start, e.g.
# joblib's KMP_INIT_AT_FORK, or the warning filters of a library that a notebook never imports.
SAMPLES: dict[str, list[str]] = {
    "values": ["1 + 1", "'text'", "{'a': [1, 2]}", "print('out')\nimport sys; print('err', file=sys.stderr)"],
    "errors": [
        "1 / 0",
        "def f():\n    raise ValueError('inside')\nf()",
        "import nowhere",
        "this is not python",
    ],
    "warnings": [
        "import warnings\nwarnings.warn('mine')",
        "warnings.warn('old', DeprecationWarning)",
        "import numpy as np, scipy.stats, statsmodels.api, cvxpy, sqlalchemy, matplotlib.pyplot, ipywidgets\nnp.array([1.0]) / 0",
        "import pandas as pd\npd.Series([1]).to_numpy()[0]",
        "[(a, getattr(c, '__name__', c), l) for a, _, c, _, l in warnings.filters]",
    ],
    "display": [
        "from IPython.display import HTML, Markdown, display, Javascript, clear_output",
        "display(HTML('<b>x</b>')); Markdown('*y*')",
        "h = display('first', display_id=True)",
        "h.update('second')",
        "print('gone'); clear_output(); print('here')",
    ],
    "frame": [
        "import pandas as pd",
        "df = pd.DataFrame({'a': [1.5, None], 'b': ['x', 'y'], 'c': pd.to_datetime(['2026-01-01', None])})\ndf",
        "df.describe(include='all')",
        "df.dtypes",
        "df.style.format({'a': '{:.1f}'}).set_uuid('x')",
        "df['b'].astype('category').cat.categories",
    ],
    "figure": [
        "import matplotlib.pyplot as plt",
        "fig, ax = plt.subplots(figsize=(2, 1)); ax.plot([1, 3, 2]); ax.set_title('한 줄')",
        "plt.plot([1, 2]); plt.show()",
        "import matplotlib\nmatplotlib.get_backend(), matplotlib.is_interactive(), plt.get_fignums()",
        "fig",
        "%config InlineBackend.figure_format = 'svg'",
        "sorted(k for k, v in matplotlib.rcParams.items() if v != matplotlib.rcParamsDefault[k])",
    ],
    "figure magic": ["%matplotlib inline", "import matplotlib.pyplot as plt\nplt.bar([1, 2], [3, 4]);"],
    "figure before pyplot": [
        "from matplotlib.figure import Figure\nfig = Figure(figsize=(1, 1)); fig.subplots().plot([1, 2]); fig",
        "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nplt.plot([1]); plt.show()\nmatplotlib.get_backend()",
    ],
    "pandas plot": ["import pandas as pd\npd.Series([1, 3, 2]).plot();"],
    "widgets": [
        "import ipywidgets as w\ns = w.IntSlider(value=3, description='x')\ns",
        "out = w.Output()\nwith out:\n    print('inside')\nout.outputs",
        "@w.interact(n=(0, 3))\ndef f(n=2):\n    print(n * n)",
        "from comm import get_comm_manager\nsorted(get_comm_manager().targets)",
    ],
    "widgets before": ["from ipywidgets import Box\nBox()", "%who"],
    "regression": [
        "import numpy as np, statsmodels.api as sm",
        "x = sm.add_constant(np.arange(8.0)); y = x @ [1, 2] + np.array([1, -1] * 4)\nsm.OLS(y, x).fit().params",
        "sm.OLS(y, x).fit().summary().tables[1].as_text()",
    ],
    "statistics": ["from scipy import stats\nstats.norm.cdf(1.96)", "stats.ttest_ind([1, 2, 3], [2, 3, 5])"],
    "optimisation": [
        "import cvxpy as cp",
        "x = cp.Variable(3); p = cp.Problem(cp.Minimize(cp.sum_squares(x)), [cp.sum(x) == 1, x >= 0])\nround(p.solve(), 6), p.status",
        "sorted(cp.installed_solvers())",
        "round(cp.Problem(cp.Minimize(cp.norm(x, 1)), [cp.sum(x) == 2]).solve(solver=cp.CLARABEL), 6)",
        "round(cp.Problem(cp.Minimize(cp.sum(x)), [x >= 1]).solve(solver=cp.HIGHS), 6)",
        "round(cp.Problem(cp.Minimize(cp.sum(x)), [x >= 1]).solve(solver=cp.OSQP), 3)",
        "round(cp.Problem(cp.Minimize(cp.sum(x)), [x >= 1]).solve(solver=cp.SCS), 3)",
    ],
    "optimisation in parallel": [
        "import cvxpy as cp, numpy as np\nrng = np.random.default_rng(7)\nA = rng.random((60, 120)); c = rng.random(120)",
        "x = cp.Variable(120); lp = cp.Problem(cp.Minimize(c @ x), [A @ x >= 1, x >= 0])",
        "round(lp.solve(solver=cp.HIGHS, parallel='on', threads=2), 6), round(lp.solve(solver=cp.HIGHS, highs_options={'solver': 'ipm'}), 6)",
        "y = cp.Variable(30, integer=True); mip = cp.Problem(cp.Minimize(c[:30] @ y), [A[:20, :30] @ y >= 1, y >= 0, y <= 3])\nround(mip.solve(solver=cp.HIGHS, parallel='on', threads=2), 6)",
        "import highspy\nh = highspy.Highs(); h.setOptionValue('output_flag', False); h.setOptionValue('parallel', 'on'); h.setOptionValue('threads', 2)\nv = [h.addVariable(lb=0, ub=4) for _ in range(3)]; h.addConstr(v[0] + v[1] + v[2] >= 5); h.minimize(v[0] + 2 * v[1] + 3 * v[2]); h.getObjectiveValue()",
        "qp = cp.Problem(cp.Minimize(cp.sum_squares(A @ x - 1)), [x >= 0, cp.sum(x) == 1])\n[round(qp.solve(solver=s), 4) for s in (cp.PIQP, cp.CLARABEL, cp.DAQP)]",
        "S = cp.Variable((4, 4), PSD=True)\nround(cp.Problem(cp.Minimize(cp.trace(S)), [S[0, 1] == 1]).solve(solver=cp.CLARABEL), 4)",
        "round(mip.solve(solver=cp.SCIP), 6)",
        "import piqp\np = piqp.DenseSolver(); p.setup(np.eye(2), np.ones(2), np.ones((1, 2)), np.ones(1)); str(p.solve()), np.round(p.result.x, 6).tolist()",
    ],
    "linear algebra in threads": [
        "import numpy as np, scipy.linalg as la, threadpoolctl\nfrom concurrent.futures import ThreadPoolExecutor",
        "a = np.random.default_rng(3).random((300, 300)) + 30 * np.eye(300)",
        "with threadpoolctl.threadpool_limits(2):\n    r = [a @ a, la.inv(a), la.cholesky(a @ a.T), la.lu(a)[2], np.linalg.svd(a)[1]]\n[round(float(np.abs(x).sum()), 4) for x in r]",
        "with ThreadPoolExecutor(4) as pool:\n    found = list(pool.map(np.linalg.slogdet, [a] * 8))\nround(float(found[7][1]), 6)",
        "import multiprocessing as mp\nwith mp.get_context('fork').Pool(2) as pool:\n    print(np.round(pool.map(np.trace, [a, a.T @ a]), 4))",
    ],
    "database": [
        "import sqlalchemy as sa\ne = sa.create_engine('sqlite://')\nwith e.connect() as c:\n    print(c.execute(sa.text('select 6 * 7')).scalar())"
    ],
    "parallel": [
        "import multiprocessing as mp\nctx = mp.get_context('fork')\nwith ctx.Pool(2) as pool:\n    print(pool.map(abs, [-1, -2]))",
        "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', 'print(3)'], capture_output=True, text=True).stdout)",
        "import threading\nt = threading.Thread(target=print, args=('thread',)); t.start(); t.join()",
        "from concurrent.futures import ThreadPoolExecutor\nlist(ThreadPoolExecutor(2).map(abs, [-1, -2]))",
        "import asyncio\nawait asyncio.sleep(0, 'awaited')",
        "!echo shell",
    ],
    "place": [
        "import sys, os, locale, time, tempfile, getpass",
        "sys.argv[0].endswith('ipykernel_launcher.py'), sys.argv[1]",
        "sys.path",
        "sys.flags, sys.warnoptions, sys._xoptions",
        "locale.getlocale(), sys.stdout.encoding, time.tzname, os.getcwd(), oct(os.umask(0o22))",
        "sorted(k for k in os.environ if k not in {'JPY_PARENT_PID', 'KMP_INIT_AT_FORK'})",
        "tempfile.gettempdir(), __name__, sys.getrecursionlimit(), sys.getswitchinterval()",
        "import gc, signal\ngc.isenabled(), gc.get_threshold(), signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGCHLD)",
        "import threading\nthreading.main_thread() is threading.current_thread(), threading.current_thread().name",
        "import logging\nlogging.getLogger().level, [type(h).__name__ for h in logging.getLogger().handlers]",
        "import numpy as np\nnp.get_printoptions(), np.geterr()",
    ],
    "threads of linear algebra": [
        "import numpy, scipy.linalg, cvxpy, scs, threadpoolctl\nsorted({(i['internal_api'], i['num_threads'], i['filepath']) for i in threadpoolctl.threadpool_info()})",
    ],
    "shell": [
        "%pwd",
        "%time 1",
        "%%capture c\nprint('held')",
        "c.stdout",
        "_, __, In[0:1], list(Out)[:1]",
        "?len",
        "get_ipython().history_manager.enabled, type(get_ipython()).__name__",
        "import pandas as pd\npd.Data?",
        "__session__ if '__session__' in globals() else None",
    ],
    "rich repr": [
        "class R:\n    def _repr_html_(self): return '<i>r</i>'\n    def __repr__(self): return 'r'\nR()",
        "import numpy as np\nnp.arange(12.0).reshape(3, 4) / 3",
        "from fractions import Fraction\n[Fraction(1, 3)] * 2",
        "import decimal\ndecimal.getcontext()",
    ],
    "plotly": [
        "import plotly.graph_objects as go\nfig = go.Figure(go.Scatter(y=[1, 2]))",
        "import plotly.io as pio\npio.renderers.default",
        "fig.show()",
    ],
    "imports": [
        "import numpy, pandas, scipy, statsmodels, cvxpy, sqlalchemy\n[m.__version__ for m in (numpy, pandas, scipy, statsmodels, cvxpy, sqlalchemy)]",
        "import importlib\nimportlib.reload(__import__('json')).__name__",
        "from importlib import resources, metadata\nmetadata.version('numpy')",
    ],
}

_NOISE = [
    (re.compile(r"0x[0-9a-f]{6,}"), "0x"),
    (re.compile(r"/tmp/ipykernel_\d+/\d+\.py"), "cell"),
    (re.compile(r"(?<!')\b\d+(\.\d+)?(e\+\d+)? ?(ns|µs|μs|us|ms|s)\b"), "time"),
    (re.compile(r"[0-9a-f]{32}"), "id"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b"), "id"),
    (re.compile(r'(id="|#)[a-zA-Z]?[0-9a-f]{10}'), "id"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{24}_\d+_\d+"), "id"),
    (re.compile(r"<dc:date>[^<]*"), "date"),
]


def comparable(outputs: list[dict[str, Any]]) -> list[Any]:
    """Return outputs without what differs between any two runs: addresses, times, ids; streams joined."""
    found: list[Any] = []
    for output in outputs:
        if output["type"] == "stream":
            kind, content = f"stream {output['name']}", output["text"]
            if found and found[-1][0] == kind:
                found[-1] = (kind, found[-1][1] + content)
                continue
        elif output["type"] == "error":
            kind, content = "error", [output["ename"], output["evalue"], output["traceback"]]
        else:
            kind, content = output["type"], {"data": output.get("data"), "metadata": output.get("metadata")}
        found.append((kind, content))
    return [(kind, _quiet(content)) for kind, content in found]


def _quiet(content: Any) -> Any:
    if isinstance(content, str):
        for pattern, word in _NOISE:
            content = pattern.sub(word, content)
        return content
    if isinstance(content, dict):
        return {key: _quiet(value) for key, value in sorted(content.items()) if key != "comm_id"}
    return [_quiet(value) for value in content] if isinstance(content, list) else content


def papermill_notebooks() -> dict[str, list[str]]:
    """Return the Python notebooks that papermill carries with its own tests."""
    import papermill

    found = {}
    for file in sorted(Path(papermill.__file__).parent.glob("tests/notebooks/**/*.ipynb")):
        notebook = nbformat.read(file, as_version=4)
        language = notebook.metadata.get("kernelspec", {}).get("language", "python")
        # That one sleeps for two minutes.
        if language == "python" and file.stem != "keyboard_interrupt":
            found[f"papermill {file.stem}"] = [c.source for c in notebook.cells if c.cell_type == "code"]
    return found
