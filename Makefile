# make demo    the node on a recorded drive; leaves out/demo
# make demo BAG=FILE   the same on a rosbag2 (its folder, or its .mcap or .db3 file)
# make test    every test
# make quick   the tests that need neither ROS, PyTorch nor Blender
# make test-oldest   the tests of the node and of bags with the oldest NumPy, OpenCV and OpenVINO
# make test-kilted   the same with the wheels of ROS 2 Kilted
# make soak    the node for an hour (MINUTES=60) with faults in between, as a table
# make docs-commands   the commands of the README and of doc/ that take under a minute each
# Each does all the set-up that it needs, into .venv.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10; do \
	$$p -c 'import sys, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && echo $$p && break; done)
# Blender's wheels: 5.0 for CPython 3.11 (which wants its own NumPy), later ones for 3.13.
RENDER_PYTHON ?= $(shell for p in python3.11 python3.13 python3; do \
	$$p -c 'import sys, ensurepip; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 13)))' \
	2>/dev/null && echo $$p && break; done)
RENDER_PACKAGES = 'bpy==5.0.1; python_version < "3.12"' 'numpy < 2; python_version < "3.12"' \
	'bpy >= 5.2; python_version > "3.12"' pillow tqdm
# By PEP 517, since pip otherwise runs `setup.py develop` with whatever setuptools stands there, and
# new ones refuse the develop section of setup.cfg, which ament asks for.
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check --use-pep517

# The tests run in so many processes at once, each with a ROS domain and with nodes of its own.
WORKERS ?= 2
# test/conftest.py says which tests stay in one process; each process gets one core's
# threads, since PyTorch's threads in two processes wait for each other otherwise. A process that
# dies ends the run: pytest-xdist may wait for ever for the one that it puts in its place.
PYTEST = -m pytest test --numprocesses $(WORKERS) --dist loadgroup --no-loadscope-reorder \
	--max-worker-restart 0
WITHOUT = --without blender --without tools --without torch --without viewer
# The lower bounds of setup.py.
OLDEST = 'numpy==1.26.*' 'opencv-python-headless==4.6.*' 'openvino==2024.1.*'
OLDEST_PYTHON ?= $(shell for p in python3.10 python3.11 python3.12 python3; do \
	$$p -c 'import sys, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' \
	2>/dev/null && echo $$p && break; done)

# A sourced ROS installation would mix its rclpy with the wheels'.
unexport PYTHONPATH LD_LIBRARY_PATH AMENT_PREFIX_PATH RMW_IMPLEMENTATION
# Their mark that LD_LIBRARY_PATH is set; where that goes, it must go, too.
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE

.PHONY: demo test quick test-oldest test-kilted soak docs-commands train-env view-env render-env clean

demo: .venv/demo.stamp
	.venv/bin/python training/demo.py $(if $(BAG),--data '$(BAG)')

# Where Blender can't be had, the tests of rendering are skipped.
test: .venv/test.stamp
	-$(if $(RENDER_PYTHON),$(MAKE) --no-print-directory render-env)
	OMP_NUM_THREADS=1 .venv/bin/python $(PYTEST) --durations=30

quick: .venv/quick.stamp
	OMP_NUM_THREADS=1 .venv/bin/python $(PYTEST) $(WITHOUT) --without ros

test-oldest: .venv-oldest/test.stamp
	OMP_NUM_THREADS=1 .venv-oldest/bin/python $(PYTEST) $(WITHOUT)

test-kilted: .venv-kilted/test.stamp
	OMP_NUM_THREADS=1 .venv-kilted/bin/python $(PYTEST) $(WITHOUT)

MINUTES ?= 60
soak: .venv/test.stamp
	PYTHONPATH=training .venv/bin/python test/soak.py --minutes $(MINUTES)

docs-commands: .venv/test.stamp
	.venv/bin/python doc/run_commands.py

# What training and evaluating need.
train-env: .venv/train.stamp

# What depth_estimation_ros.view needs, on a machine with or without ROS.
view-env: .venv/view.stamp

# What training/render_worlds.py needs: Blender as a module, and photographs of surfaces and places
# (those in an npm package only where npm is installed; without them the worlds show stand-ins).
render-env: .venv-render/render.stamp

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo 'This needs a Python from 3.10 to 3.13 with its venv module\
	(on Debian and Ubuntu: apt install python3-venv), or PYTHON=/path/to/one.' >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/demo.stamp: EXTRAS = ros
.venv/train.stamp: EXTRAS = train
.venv/view.stamp: EXTRAS = ros,viewer
.venv/test.stamp: EXTRAS = ros,train,test
.venv/quick.stamp: EXTRAS = quick

# The stamps are touched last, so that an interrupted set-up goes on the next time.
.venv/demo.stamp .venv/train.stamp .venv/view.stamp .venv/test.stamp .venv/quick.stamp: \
		setup.py | .venv/bin/python
	.venv/bin/python $(PIP_INSTALL) --editable '.[$(EXTRAS)]'
	touch $@

.venv-oldest/test.stamp: setup.py Makefile
	@test -n "$(OLDEST_PYTHON)" || { echo 'The oldest versions have wheels for CPython 3.10 to\
	3.12 only: this needs one with its venv module, or OLDEST_PYTHON=/path/to/one.' >&2; exit 1; }
	test -x .venv-oldest/bin/pip || $(OLDEST_PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python $(PIP_INSTALL) --editable '.[ros,quick]' onnx $(OLDEST)
	touch $@

.venv-kilted/test.stamp: setup.py
	test -x .venv-kilted/bin/pip || $(PYTHON) -m venv .venv-kilted
	.venv-kilted/bin/python $(PIP_INSTALL) --editable '.[kilted,quick]' onnx
	touch $@

# Of the package itself, the renderer uses what needs neither OpenCV nor OpenVINO.
.venv-render/render.stamp: Makefile training/worlds/fetch_photographs.py
	@test -n "$(RENDER_PYTHON)" || { echo 'Rendering needs CPython 3.11 or 3.13 with its venv\
	module, or RENDER_PYTHON=/path/to/one.' >&2; exit 1; }
	test -x .venv-render/bin/pip || $(RENDER_PYTHON) -m venv .venv-render
	.venv-render/bin/python $(PIP_INSTALL) $(RENDER_PACKAGES)
	.venv-render/bin/python $(PIP_INSTALL) --no-deps --editable .
	cd training && ../.venv-render/bin/python -m worlds.fetch_photographs
	touch $@

clean:
	rm -rf .venv .venv-kilted .venv-oldest .venv-render build install log out
