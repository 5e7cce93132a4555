"""Install the pipeline; requirements.txt holds the pinned set that is tested."""

from pathlib import Path

from setuptools import find_packages, setup

setup(
    name="mysql-redshift-pipeline",
    version=next(
        line.split('"')[1]
        for line in Path("pipeline/version.py").read_text(encoding="utf-8").splitlines()
        if line.startswith("VERSION")
    ),
    description="MySQL tables to Amazon Redshift through S3, by time windows, exactly once",
    packages=find_packages(include=["pipeline", "pipeline.*"]),
    package_data={"pipeline": ["py.typed"]},
    python_requires=">=3.10,<3.14",
    install_requires=[
        "boto3>=1.36",
        "cryptography>=42",
        "luigi>=3.8,<4",
        "numba>=0.61",
        "numpy>=2.1",
        "paramiko>=3.4",
        "psycopg2-binary>=2.9.9",
        "pyarrow>=23",
        "pydantic>=2.7,<3",
        "PyMySQL>=1.1.1,<2",
        "python-dotenv>=1.0",
        "PyYAML>=6.0",
        "sshtunnel>=0.5,<0.6",
        "tenacity>=8.3",
    ],
)
