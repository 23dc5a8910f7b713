#!/usr/bin/env bash
# JupyterLab in its container. The project in the image is read-only; researchers work in a volume, which gets
# each notebook once: what they changed stays theirs through every new image.
set -euo pipefail

cp --recursive --no-clobber /app/notebooks /app/dashboards /srv/work/
# The token comes as JUPYTER_TOKEN, not as an argument that `ps` would show.
exec jupyter lab --no-browser --ServerApp.ip=0.0.0.0 --ServerApp.port=8888 --ServerApp.port_retries=0 \
    --ServerApp.root_dir=/srv/work \
    --KernelSpecManager.ensure_native_kernel=False --KernelSpecManager.allowed_kernelspecs='["sillok"]' \
    --MultiKernelManager.default_kernel_name=sillok
