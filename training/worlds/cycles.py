"""Rendering with Cycles: one picture in linear light and its depth."""

from pathlib import Path
import sys

import bpy
from mathutils import Matrix
import numpy as np


def set_up(scene, camera, samples, threads):
    """
    Set a scene up for rendering.

    Parameters
    ----------
    scene : bpy.types.Scene
        It gets a camera, too.
    camera : worlds.camera.Camera
        Its intrinsics.
    samples : int
        Rays per pixel; the denoiser cleans up what is left.
    threads : int
        How many the renderer may use.

    """
    render = scene.render
    render.engine = 'CYCLES'
    render.resolution_x, render.resolution_y = camera.width, camera.height
    render.resolution_percentage = 100
    render.threads_mode, render.threads = 'FIXED', threads
    render.use_persistent_data = True  # the views of a world share its acceleration structure
    render.image_settings.media_type = 'MULTI_LAYER_IMAGE'
    render.image_settings.file_format = 'OPEN_EXR_MULTILAYER'
    render.image_settings.color_depth = '32'
    render.image_settings.exr_codec = 'NONE'
    render.use_compositing = render.use_sequencer = False
    # So that the light in the file is linear.
    scene.view_settings.view_transform = 'Standard'
    scene.view_layers[0].use_pass_z = True

    cycles = scene.cycles
    cycles.device = 'CPU'
    cycles.samples = samples
    cycles.use_adaptive_sampling = False
    cycles.use_denoising = True
    cycles.denoiser = 'OPENIMAGEDENOISE'
    cycles.denoising_input_passes = 'RGB_ALBEDO_NORMAL'
    cycles.denoising_prefilter = 'FAST'
    cycles.max_bounces = 3
    cycles.diffuse_bounces = cycles.glossy_bounces = 2
    cycles.transmission_bounces, cycles.transparent_max_bounces = 1, 2
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 4.0

    lens = bpy.data.cameras.new('camera')
    lens.sensor_fit = 'HORIZONTAL'
    lens.angle = np.radians(camera.fov)
    lens.clip_start, lens.clip_end = 0.02, 1000
    scene.camera = bpy.data.objects.new('camera', lens)
    scene.collection.objects.link(scene.camera)


def render(scene, viewpoint, seed, path):
    """
    Render one view.

    Parameters
    ----------
    scene : bpy.types.Scene
        After set_up().
    viewpoint : worlds.camera.Viewpoint
        Where its camera goes.
    seed : int
        Of the sampling noise.
    path : pathlib.Path
        A scratch file, ending in .exr.

    Returns
    -------
    (float32 (H, W, 3) linear light, float32 (H, W) depth in metres along the camera's Z axis,
    inf where there is only sky)

    """
    # Blender's cameras look along -z with y up.
    scene.camera.matrix_world = (
        Matrix.Translation((viewpoint.x, viewpoint.y, viewpoint.z))
        @ Matrix.Rotation(viewpoint.heading - np.pi / 2, 4, 'Z')
        @ Matrix.Rotation(np.pi / 2 + viewpoint.pitch, 4, 'X')
        @ Matrix.Rotation(viewpoint.roll, 4, 'Z'))
    scene.cycles.seed = seed % 2 ** 31
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    passes = _read_passes(path)
    light = np.stack([passes[f'Combined.{c}'] for c in 'RGB'], axis=-1)
    depth = passes['Depth.Z']
    return light, np.where(depth > 1e6, np.inf, depth)


def _read_passes(path):
    """Read a file's passes: a dict of float32 (H, W) by 'Pass.Channel'."""
    image_io = _image_io()
    source = image_io.ImageInput.open(str(path))
    if source is None:
        raise OSError(f'{path}: {image_io.geterror()}')
    passes, part = {}, 0
    while source.seek_subimage(part, 0):
        pixels = source.read_image(part, 0, 0, source.spec().nchannels, 'float')
        for index, name in enumerate(source.spec().channelnames):
            passes['.'.join(name.split('.')[-2:])] = pixels[..., index]
        part += 1
    source.close()
    return passes


def _image_io():
    """Import the OpenImageIO that comes inside the bpy package, which reads its passes."""
    try:
        import OpenImageIO
    except ModuleNotFoundError:
        version = f'python{sys.version_info.major}.{sys.version_info.minor}'
        inside = Path(bpy.utils.resource_path('LOCAL')) / 'python/lib' / version / 'site-packages'
        sys.path.append(str(inside))
        import OpenImageIO
    return OpenImageIO
