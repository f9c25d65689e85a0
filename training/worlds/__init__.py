"""
Worlds to render: each kind of place is one module here.

A kind's module has `build(stage, rng)`, which fills the stage and returns a `Route`: where a
robot's camera may stand and drive in it. `render_worlds.py --kinds` takes the modules' names.
"""
